# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of lib.sh and kernels.sh
# SPDX-License-Identifier: GPL-2.0-only
# Other versions of the module and of hmapctl, for guest/compat.sh: the one before, and one
# that might be the next.

# The commit of the release before. Until there is one: the last commit that had version 1
# of the interface. Fails if the history of the checkout does not reach back to it.
version_before()
{
	local name

	name=$(git -C "$top" describe --tags --abbrev=0 HEAD^ 2>/dev/null) ||
		name=78e60bad133e41253e1605547ae1501e712716f9
	git -C "$top" rev-parse -q --verify "$name^{commit}" 2>/dev/null
}

old_sources() # DIR COMMIT
{
	git -C "$top" archive "$2" Kbuild Makefile dkms.conf kmod userspace | tar -x -C "$1"
}

# All that module and hmapctl are built from, as paths in the checkout.
source_files()
{
	(cd "$top" && find Kbuild Makefile dkms.conf kmod userspace -type f \
		\( -name '*.[ch]' -o -name '[A-Z]*' -o -name dkms.conf \) ! -name '*.mod.c')
}

# edit FILE SED-SCRIPT: it has to change something
edit()
{
	sed "$2" "$1" >"$1.edited"
	! cmp -s "$1" "$1.edited" || die "versions.sh does not find in $1 what it edits"
	mv "$1.edited" "$1"
}

# All structures of ioctls are longer, and the format of mapped memory is another: the
# words of the seed have changed places. A library that takes it for its own finds no key.
next_sources() # DIR
{
	local uapi=$1/kmod/include/uapi/linux/hmap.h file

	(cd "$top" && source_files | xargs cp --parents -t "$1")
	edit "$uapi" 's/^\(#define HMAP_MAPPED_FORMAT\s*\)\(.*\)/\1(\2 + 1)/'
	edit "$uapi" 's/^\(#define HMAP_ABI_VERSION\s*\)\(.*\)/\1(\2 + 1)/'
	edit "$uapi" '/^struct hmap_ioc_/,/^};/s/^};/\t__aligned_u64 next;\n};/'
	for file in kmod/dev/view.c userspace/lib/mapped.c; do
		edit "$1/$file" 's/control->hash0\[\([01]\)\]/control->hash0[!\1]/'
	done
}

build_version() # DIR
{
	plain_make -C "$kdir" M="$1" "${arch[@]}" -j "$ncpus" modules &&
		plain_make -C "$1/userspace" B="$1/build" "$1/build/hmapctl/hmapctl"
}

# make_version DIR KEY COMMAND...: the command makes the sources. Nothing is done if the
# key is the one of the last time.
make_version()
{
	local dir=$1 key="$2 $kdir"

	[ "$(cat "$dir/key" 2>/dev/null)" != "$key" ] || return 0
	note "building another version of all in ${dir#"$top/"}"
	rm -rf "$dir"
	mkdir -p "$dir"
	"${@:3}"
	if build_version "$dir" >"$dir/build.log" 2>&1; then
		echo "$key" >"$dir/key"
	else
		note "it does not build, see ${dir#"$top/"}/build.log"
	fi
}

# The guest gets hmapctl_VERSION and compat/VERSION/hmap.ko, if they could be built.
copy_version() # ROOT VERSION MODULE TOOL
{
	mkdir -p "$1/hmap/compat/$2"
	[ ! -f "$3" ] || cp "$3" "$1/hmap/compat/$2/hmap.ko"
	[ ! -f "$4" ] || copy_program "$1" "$4" "hmapctl_$2"
}

copy_versions() # ROOT MODULE-DIR
{
	local dir=$2/compat commit version versions=(next)

	make_version "$dir/next" "$( (cd "$top" && source_files | sort |
		xargs cat "$vm/versions.sh") | sha256sum)" next_sources "$dir/next"
	if commit=$(version_before); then
		make_version "$dir/old" "$commit" old_sources "$dir/old" "$commit"
		versions+=(old)
	fi
	for version in "${versions[@]}"; do
		copy_version "$1" "$version" "$dir/$version/kmod/hmap.ko" \
			"$dir/$version/build/hmapctl/hmapctl"
	done
	copy_version "$1" this "$2/kmod/hmap.ko" "$build/userspace/hmapctl/hmapctl"
}
