// SPDX-License-Identifier: GPL-2.0
/*
 * Maps whose files can be mapped (HMAP_CREATE_MMAP): the pages of a view in the
 * page tables of programs. view.c explains what is on them.
 *
 * Such a map has an inode of its own, whose mapping all its files share: so
 * that what they have mapped can be found and taken away. Pages are mapped by
 * number (VM_PFNMAP), so that no program can take a reference to one.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../compat.h"
#include "mapped.h"
#include "object.h"
#include "view.h"

/* A fault maps the existing pages of an aligned range of this many pages. */
#define FAULT_PAGES	16

/**
 * struct hmap_mapping - a view, and the mapping that shows it
 * @view: the view
 * @inode: its i_mapping is the f_mapping of all files of the map
 */
struct hmap_mapping {
	struct hmap_mapped_view view;
	struct inode *inode;
};

static struct vfsmount *hmap_mount;

/* Mapped where the map has no page: reads as evacuated buckets. */
static void *hmap_void_page;

static struct hmap_mapping *hmap_mapping_of(struct hmap_mapped_view *view)
{
	return container_of(view, struct hmap_mapping, view);
}

static void hmap_mapping_zap(struct hmap_mapped_view *view, pgoff_t first,
			     pgoff_t pages)
{
	unmap_mapping_pages(hmap_mapping_of(view)->inode->i_mapping, first,
			    pages, true);
}

static void hmap_mapping_release(struct hmap_mapped_view *view)
{
	struct hmap_mapping *mapping = hmap_mapping_of(view);

	hmap_view_exit(view);
	iput(mapping->inode);
	kfree(mapping);
}

static const struct hmap_mapped_view_ops hmap_mapping_ops = {
	.zap = hmap_mapping_zap,
	.release = hmap_mapping_release,
};

/**
 * hmap_mapping_create() - create a view for a map that is about to be created
 *
 * Return: the view, to be passed to hmap_init_view(), and to hmap_view_put() after
 * the map has been destroyed; ERR_PTR(-ENOMEM); ERR_PTR(-EOPNOTSUPP) if the data
 * cache aliases, so that programs would not see the kernel's writes at once.
 */
struct hmap_mapped_view *hmap_mapping_create(void)
{
	struct hmap_mapping *mapping;
	int err;

	if (cpu_dcache_is_aliasing())
		return ERR_PTR(-EOPNOTSUPP);
	mapping = kzalloc(sizeof(*mapping), GFP_KERNEL_ACCOUNT);
	if (!mapping)
		return ERR_PTR(-ENOMEM);
	mapping->inode = alloc_anon_inode(hmap_mount->mnt_sb);
	if (IS_ERR(mapping->inode)) {
		err = PTR_ERR(mapping->inode);
		goto err_free;
	}
	err = hmap_view_init(&mapping->view, &hmap_mapping_ops);
	if (err)
		goto err_inode;
	return &mapping->view;

err_inode:
	iput(mapping->inode);
err_free:
	kfree(mapping);
	return ERR_PTR(err);
}

/* Let the view find the mappings of a file that is being opened. */
void hmap_mapping_bind(struct file *file, struct hmap_mapped_view *view)
{
	file->f_mapping = hmap_mapping_of(view)->inode->i_mapping;
}

static unsigned long hmap_pfn_of(void *page)
{
	return is_vmalloc_addr(page) ? vmalloc_to_pfn(page) :
				       page_to_pfn(virt_to_page(page));
}

static vm_fault_t hmap_map_page(struct vm_fault *vmf, pgoff_t pgoff, void *page)
{
	struct vm_area_struct *vma = vmf->vma;

	return vmf_insert_pfn(vma, vma->vm_start +
			      ((pgoff - vma->vm_pgoff) << PAGE_SHIFT),
			      hmap_pfn_of(page));
}

/* Fault-around: the pages next to a page of the map will be needed, too. */
static void hmap_map_around(struct vm_fault *vmf, struct hmap_mapped_view *view)
{
	struct vm_area_struct *vma = vmf->vma;
	pgoff_t first = round_down(vmf->pgoff, FAULT_PAGES), pgoff;
	pgoff_t end = min(first + FAULT_PAGES, vma->vm_pgoff + vma_pages(vma));
	void *page;

	for (pgoff = max(first, vma->vm_pgoff); pgoff < end; pgoff++) {
		page = hmap_view_page(view, pgoff);
		if (page)
			hmap_map_page(vmf, pgoff, page);
	}
}

static vm_fault_t hmap_vma_fault(struct vm_fault *vmf)
{
	struct hmap_mapped_view *view = vmf->vma->vm_private_data;
	unsigned int noreclaim;
	vm_fault_t ret;
	void *page;
	int err;

	/*
	 * Under @pages, on which the worker waits, a task must not sleep until its cgroup
	 * has room: allocate a page table or the hole without reclaim and beyond the
	 * cgroup's limit. For a page table, do_fault() has just waited: it allocates one
	 * in advance (vmf->prealloc_pte), which vmf_insert_pfn() does not use.
	 */
	noreclaim = memalloc_noreclaim_save();
	/* Held until the page is in the page table, where zap finds it. */
	down_read(&view->pages);
	page = hmap_view_page(view, vmf->pgoff);
	err = page ? 0 : hmap_view_hole(view, vmf->pgoff);
	if (err)
		ret = err == -EAGAIN ? VM_FAULT_NOPAGE : VM_FAULT_OOM;
	else
		ret = hmap_map_page(vmf, vmf->pgoff, page ?: hmap_void_page);
	if (page && ret == VM_FAULT_NOPAGE)
		hmap_map_around(vmf, view);
	up_read(&view->pages);
	memalloc_noreclaim_restore(noreclaim);
	if (!page)
		hmap_view_close_holes(view);
	return ret;
}

static const struct vm_operations_struct hmap_vm_ops = {
	.fault = hmap_vma_fault,
};

/* mmap() of a file of a map; only for maps created with HMAP_CREATE_MMAP. */
int hmap_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct hmap_file *hf = file->private_data;
	struct hmap_mapped_view *view = hf->object->view;

	if (!view)
		return -ENODEV;
	if (vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EACCES;
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	vm_flags_mod(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP,
		     VM_MAYWRITE | VM_MAYEXEC);
	/* No reference: the file holds the object, which holds the view. */
	vma->vm_private_data = view;
	vma->vm_ops = &hmap_vm_ops;
	return 0;
}

static int hmap_fs_init_context(struct fs_context *fc)
{
	return init_pseudo(fc, HMAPFS_MAGIC) ? 0 : -ENOMEM;
}

/* No .owner: kern_mount() would pin the module, and it could never be unloaded. */
static struct file_system_type hmap_fs_type = {
	.name = "hmap",
	.init_fs_context = hmap_fs_init_context,
	.kill_sb = kill_anon_super,
};

int hmap_mapped_init(void)
{
	int err;

	hmap_void_page = (void *)__get_free_page(GFP_KERNEL);
	if (!hmap_void_page)
		return -ENOMEM;
	memset(hmap_void_page, HMAP_EVACUATED_EMPTY, PAGE_SIZE);
	hmap_mount = kern_mount(&hmap_fs_type);
	err = PTR_ERR_OR_ZERO(hmap_mount);
	if (err)
		free_page((unsigned long)hmap_void_page);
	return err;
}

void hmap_mapped_exit(void)
{
	kern_unmount(hmap_mount);
	free_page((unsigned long)hmap_void_page);
}
