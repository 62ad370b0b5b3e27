# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# bash completion for hmapctl(1)

_hmapctl_options()
{
	local common="--device --map --help --version" format="--key-format --value-format"

	case $1 in
	get | add | pop) echo "$common $format" ;;
	put) echo "$common $format --noexist --exist" ;;
	del) echo "$common --key-format --from" ;;
	dump) echo "$common $format --json --prefix" ;;
	load) echo "$common $format --noexist --exist --keep-going" ;;
	compare) echo "$common $format --absent" ;;
	wait) echo "$common $format --absent --not --timeout" ;;
	watch) echo "$common $format" ;;
	stats | info) echo "$common --json" ;;
	layout) echo "$common --json --ascii" ;;
	create)
		echo "--device --help --version --key-size --value-size --hint" \
			"--max-entries --max-bytes --stripes --fast-hash --no-shrink --mmap --node --mode"
		;;
	destroy) echo "--help --version" ;;
	list) echo "--json --help --version" ;;
	trace) echo "$common --seed --watch --ascii" ;;
	*) echo "$common" ;;
	esac
}

# Print the first word that is a command, if there is one.
_hmapctl_command()
{
	local word

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case " $1 " in
		*" $word "*)
			echo "$word"
			return
			;;
		esac
	done
}

# Complete the name of a map, or a path. Names with a backslash are left out:
# hmapctl list has escaped them.
_hmapctl_names()
{
	if [[ $1 == */* ]]; then
		compgen -f -- "$1"
	else
		compgen -W "$(hmapctl list 2>/dev/null | grep -v '\\')" -- "$1"
	fi
}

_hmapctl()
{
	local commands="get put add pop del dump load compare wait watch stats info layout count reserve shrink clear verify freeze create destroy list trace"
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command

	command=$(_hmapctl_command "$commands")
	COMPREPLY=()
	case $previous in
	-k | -v | --key-format | --value-format)
		mapfile -t COMPREPLY < <(compgen -W "dec int str hex" -- "$current")
		return
		;;
	-m | --map)
		mapfile -t COMPREPLY < <(_hmapctl_names "$current")
		return
		;;
	-d | --device | --from)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	esac
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_hmapctl_options "$command")" -- "$current")
	elif [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
	elif [[ $command == destroy ]]; then
		mapfile -t COMPREPLY < <(_hmapctl_names "$current")
	elif [[ $command == load || $command == compare || $command == list ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	fi
}

complete -F _hmapctl hmapctl
