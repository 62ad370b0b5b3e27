# SPDX-License-Identifier: GPL-2.0-only
# "make help" tells what there is.

include kmod/kernels.conf

VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
PREFIX ?= /usr/local

# The kernel to build for, and what its configuration says about the build.
KDIR ?= /lib/modules/$(shell uname -r)/build
kconfig = $(shell grep -qs '^$(1)=y' '$(KDIR)/.config' && echo 1)

ifneq ($(call kconfig,CONFIG_UML),)
ARCH := um
export ARCH
endif
# Debian's clang of version 19 is clang-19, which LLVM=-19 means.
ifneq ($(call kconfig,CONFIG_CC_IS_CLANG),)
clang := $(shell sed -n 's/^CONFIG_CLANG_VERSION=\(.*\)....$$/\1/p' '$(KDIR)/.config')
LLVM ?= $(if $(shell command -v clang-$(clang) 2>/dev/null),-$(clang),1)
export LLVM
endif

# Variables given on the command line (CC, V, W, C, ...) reach the sub-makes
# by themselves.
kbuild = $(MAKE) -C '$(KDIR)' M='$(CURDIR)'

export KERNEL_SRC SEED SUITE KERNELS

.PHONY: help
help:
	@echo 'hmap $(VERSION): a resizable hash map in the Linux kernel'
	@echo
	@echo '  make demo        boot a Debian kernel in QEMU and watch the map at work'
	@echo '  make test        boot six kernels and run every test'
	@echo '                   (SUITE="kunit uapi ..." for a part, SEED=n to repeat a run,'
	@echo '                   KERNELS="um stock-old stock-new" to choose)'
	@echo '  make test-nightly  KUnit and stress where make test would take too long: with'
	@echo '                   KASAN, KCSAN, 32 bits, big endian, for minutes (SUITE=, SEED=,'
	@echo '                   KERNELS=, STRESS_SECONDS=n of each of the four rounds)'
	@echo '  make check       style only: checkpatch, sparse, W=1, kernel-doc, shellcheck'
	@echo '  make check-model the protocol of concurrent use, by the model checker spin'
	@echo '  make coverage    lines of kmod/ that the tests run, by gcov'
	@echo '  make bench       measure against rhashtable, BPF maps and a map of Go; tables'
	@echo '                   and plots, in build/bench (SUITE="kernel-single user ..."'
	@echo '                   for a part, N="1000 ..." other sizes, RUNS=n)'
	@echo
	@echo '  make modules     kmod/hmap.ko and Module.symvers'
	@echo '  make userspace   libhmap and hmapctl'
	@echo '  make install     modules, library, tool, headers, man pages, udev rule, systemd unit'
	@echo '  make uninstall'
	@echo '  make clean'
	@echo
	@echo '  KDIR=dir         built kernel or headers  [$(KDIR)]'
	@echo '  KERNEL_SRC=dir   source tree of Linux $(main_series) to build the test kernels from'
	@echo '                   [the package $(source_package)-$(main_series)]'
	@echo '  DESTDIR= INSTALL_MOD_PATH= PREFIX=  where to install  [PREFIX=$(PREFIX)]'
	@echo '  CC= LLVM=1 V=1 W=1 C=1              as for the kernel'

# One sentence that says what to do, rather than a page of compiler errors. A kernel
# that is too new may well work, and the compiler finds most of what does not.
.PHONY: check-kdir
check-kdir:
	@refuse() { echo "hmap: $$*" >&2; exit 1; }; \
	dir='$(KDIR)'; \
	if [ ! -d "$$dir/" ]; then \
		case "$$dir" in \
		/lib/modules/*/build) \
			release=$${dir#/lib/modules/}; release=$${release%/build}; \
			refuse "there are no headers for the kernel $$release: install the package linux-headers-$$release (if it is gone because of an upgrade, reboot first), or name a kernel with KDIR=."; \
			;; \
		esac; \
		refuse "KDIR=$$dir is not a directory: name the build directory of a kernel, or install its linux-headers package."; \
	fi; \
	if [ ! -f "$$dir/Makefile" ]; then \
		refuse "KDIR=$$dir is not a kernel tree: name the build directory of a kernel, or install its linux-headers package."; \
	fi; \
	if [ ! -f "$$dir/.config" ]; then \
		refuse "the kernel in $$dir is not configured: run 'make olddefconfig' and 'make' there, or use the headers of a linux-headers package."; \
	fi; \
	code=$$(awk '$$2 == "LINUX_VERSION_CODE" { print $$3 }' \
		"$$dir/include/generated/uapi/linux/version.h" 2>/dev/null); \
	if [ -z "$$code" ] || [ ! -f "$$dir/Module.symvers" ]; then \
		refuse "the kernel in $$dir is not built: run 'make' there, or use the headers of a linux-headers package."; \
	fi; \
	series=$$((code >> 8)); \
	number() { echo "$$(($${1%.*} << 8 | $${1#*.}))"; }; \
	version="the kernel in $$dir is version $$((series >> 8)).$$((series & 255))"; \
	if [ "$$series" -lt "$$(number $(stock_old_series))" ]; then \
		refuse "$$version, but hmap supports $(stock_old_series) and newer ones: name another kernel with KDIR=."; \
	fi; \
	if [ -z '$(uninstalling)' ] && [ "$$series" -gt "$$(number $(newest_series))" ]; then \
		echo "hmap: $$version, which is newer than hmap has been tested with ($(newest_series)): the build goes on." >&2; \
	fi

# The objects of two kernels do not mix.
.PHONY: modules
modules: check-kdir
	@if [ -f .kdir ] && [ "$$(cat .kdir)" != '$(KDIR)' ]; then \
		$(MAKE) --no-print-directory clean-modules; \
	fi
	@echo '$(KDIR)' > .kdir
	$(kbuild) modules

.PHONY: userspace
userspace:
	$(MAKE) -C userspace all

.PHONY: install install-modules uninstall
install: install-modules
	$(MAKE) -C userspace install

INSTALL_MOD_DIR ?= updates
mod_path = $(or $(INSTALL_MOD_PATH),$(DESTDIR))
release = $(shell sed -n 's/^.define UTS_RELEASE "\(.*\)"/\1/p' \
	'$(KDIR)/include/generated/utsrelease.h')
depmod = $(if $(mod_path),,depmod -a '$(release)')

# Debian's kernels ask for modules to be signed, but come without the key.
nosign = $(if $(wildcard $(KDIR)/certs/signing_key.pem),,CONFIG_MODULE_SIG_ALL=)

install-modules: modules
	$(kbuild) INSTALL_MOD_PATH='$(mod_path)' INSTALL_MOD_DIR='$(INSTALL_MOD_DIR)' \
		$(nosign) modules_install
	$(depmod)

uninstall: uninstalling := yes
uninstall: check-kdir
	rm -f '$(mod_path)/lib/modules/$(release)/$(INSTALL_MOD_DIR)/kmod/'hmap.ko*
	$(depmod)
	$(MAKE) -C userspace uninstall

.PHONY: demo test test-nightly check check-model coverage bench
demo:
	@tests/demo/demo.sh

test:
	@tests/vm/run.sh $(SUITE)

test-nightly:
	@NIGHTLY=1 tests/vm/run.sh $(SUITE)

check:
	@tests/vm/run.sh style

check-model:
	@tests/model/check.sh

coverage:
	@tests/coverage/coverage.sh

bench:
	@tests/bench/run.sh $(SUITE)

# Works without a kernel tree, too: DKMS and "make clean" may run after it left.
.PHONY: clean clean-modules
clean: clean-modules
	@if [ -f userspace/Makefile ]; then $(MAKE) -C userspace clean; fi
	rm -rf build

kbuild_droppings = *.o *.ko *.mod *.mod.c .*.cmd .*.d *.gcno modules.order Module.symvers

clean-modules:
	find . -maxdepth 1 -type f \( -false $(foreach p,$(kbuild_droppings),-o -name '$(p)') \) -delete
	find $(wildcard kmod tests/kunit tests/example tests/stress) -type f \
		\( -false $(foreach p,$(kbuild_droppings),-o -name '$(p)') \) -delete
	rm -rf .kdir .tmp_versions
