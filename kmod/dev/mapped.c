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
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../compat.h"
#include "mapped.h"
#include "object.h"
#include "view.h"

/* A fault maps the existing pages of an aligned range of this many bytes. */
#define FAULT_SIZE	(16 * PAGE_SIZE)

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

/*
 * Map what is at @addr, if it is a page of the map or the page that is needed. The
 * page table is locked: hmap_view_page() explains why.
 */
static int hmap_map_page(pte_t *pte, unsigned long addr, void *data)
{
	struct vm_fault *vmf = data;
	struct vm_area_struct *vma = vmf->vma;
	pgoff_t pgoff = linear_page_index(vma, addr);
	void *page;

	if (!pte_none(ptep_get(pte)))
		return 0;
	page = hmap_view_page(vma->vm_private_data, pgoff);
	if (!page && pgoff == vmf->pgoff)
		page = hmap_void_page;
	if (!IS_ERR_OR_NULL(page))
		set_pte_at(vma->vm_mm, addr, pte,
			   pte_mkspecial(pfn_pte(hmap_pfn_of(page), vma->vm_page_prot)));
	return 0;
}

static vm_fault_t hmap_vma_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct hmap_mapped_view *view = vma->vm_private_data;
	unsigned long first, end;
	int touched, err;

	touched = hmap_view_touch(view, vmf->pgoff);
	if (touched < 0)
		return VM_FAULT_OOM;

	/* Fault-around: the pages next to a page of the map will be needed, too. */
	first = max(round_down(vmf->address, FAULT_SIZE), vma->vm_start);
	end = min(round_down(vmf->address, FAULT_SIZE) + FAULT_SIZE, vma->vm_end);
	err = apply_to_page_range(vma->vm_mm, first, end - first, hmap_map_page, vmf);
	if (touched)
		hmap_view_close_holes(view);
	/* Nothing has been mapped if a slot is about to change: then it faults again. */
	return err ? VM_FAULT_OOM : VM_FAULT_NOPAGE;
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
