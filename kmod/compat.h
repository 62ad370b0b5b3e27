/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only file that asks for a kernel version or a kernel feature.
 *
 * The rest of the module is written for the newest kernel that is supported
 * (7.3); what an older one (down to 6.1) lacks is made up for here, each time
 * with the version that brought it. Features are tested, not versions, where
 * that can be done: distributions backport.
 */
#ifndef _HMAP_COMPAT_H
#define _HMAP_COMPAT_H

#include <linux/cacheinfo.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/version.h>

/* 6.5, and stable kernels before it */
#ifndef struct_size_t
#define struct_size_t(type, member, count) \
	struct_size((type *)NULL, member, count)
#endif

/* 6.3: device_type.devnode() may not change the device */
#if LINUX_VERSION_CODE < 0x060300
#define hmap_const_device struct device
#else
#define hmap_const_device const struct device
#endif

/* 6.9; the architectures of which it is true there are not those of users of 6.1 */
#ifndef cpu_dcache_is_aliasing
#define cpu_dcache_is_aliasing()	false
#endif

/* 6.3 */
#if LINUX_VERSION_CODE < 0x060300
static inline void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set,
				vm_flags_t clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#endif

#endif /* _HMAP_COMPAT_H */
