# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The commands and programs that README.md and userspace/README.md show to a user, one
# after the other in their order, as a member of the group hmap.
# suite: readme
# cpus: 1
# kernels: um
# timeout: 300
# programs: mount
# nightly kernels: stock-old stock-new
# nightly timeout: 180

. "$HMAP/guest/lib.sh"
. "$HMAP/guest/examples.sh"

shell='From the shell'
share='Share maps between programs'

# As the udev rule, systemd-sysusers and /etc/fstab have it done.
set_up()
{
	local line

	insmod "$HMAP/hmap.ko" && chgrp hmap /dev/hmap && chmod 660 /dev/hmap || return 1
	line=$(readme_commands "$share" | grep '^hmapfs ')
	echo "$line"
	[ -n "$line" ] && echo "$line" >>/etc/fstab && mkdir /dev/hmaps &&
		mount /dev/hmaps
}

as_user()
{
	setpriv --reuid 1000 --regid 1000 --groups "$(stat -c %g /dev/hmap)" "$@"
}

# Prints what the command prints, which has to be this.
prints() # TEXT COMMAND...
{
	local text

	text=$("${@:2}" 2>&1)
	echo "$text"
	[ "$text" = "$1" ]
}

# The command of a section that has this word in it, as the user would type it.
run() # HEADING WORD
{
	local command

	command=$(readme_commands "$1" | grep -m 1 -- "$2")
	[ -n "$command" ] || return 1
	as_user bash -c "$command"
}

# Every command of the section, in its order; none is left out here.
knows_all() # HEADING WORD...
{
	local heading=$1 command

	shift
	while read -r command; do
		if [[ $# = 0 || $command != *"$1"* ]]; then
			echo "not tried: $command"
			return 1
		fi
		shift
	done < <(readme_commands "$heading" | grep '^hmapctl')
	[ $# = 0 ]
}

cd /tmp || exit 1

tap_ok "the module is loaded, the file system mounted" set_up
tap_ok "hmapctl info" as_user hmapctl info
tap_ok "all commands of the shell are tried" knows_all "$shell" put get dump stats layout
tap_ok "put" run "$shell" put
tap_ok "get" prints 100 run "$shell" get
tap_ok "dump, clear, load" run "$shell" dump
tap_ok "nothing is lost" prints 100 run "$shell" get
tap_ok "stats" run "$shell" stats
tap_ok "layout" run "$shell" layout
tap_ok "the program" prints 1 as_user readme_user

tap_ok "all commands for sharing are tried" knows_all "$share" create add wait watch list
tap_ok "create" run "$share" create
tap_ok "add" prints 1 run "$share" add
run "$share" wait >waited 2>&1 &
wait=$!
run "$share" watch >watched 2>&1 &
watch=$!
sleep 1
tap_ok "list" prints visits run "$share" list
tap_ok "the shared program" prints "alice: 2" as_user readme_shared alice
tap_ok "and once more" prints "alice: 3" as_user readme_shared alice
tap_ok "for another key" prints "bob: 1" as_user readme_shared bob
tap_ok "wait has ended" wait $wait
tap_ok "it printed the value" prints 1 cat waited
tap_ok "freeze" as_user hmapctl freeze -m visits
tap_ok "watch has ended" wait $watch
tap_ok "it has told of changes" test -s watched
tap_ok "destroy" as_user hmapctl destroy visits
tap_ok "rmmod hmap" unload_hmap
tap_done
