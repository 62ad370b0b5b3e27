# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# bash completion for hmapctl(1). Commands, options and their arguments are
# those that the help of the installed hmapctl shows.

# Print the first word that is a command, if there is one.
_hmapctl_command() # COMMANDS
{
	local word

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case $'\n'$1$'\n' in
		*$'\n'"$word"$'\n'*)
			echo "$word"
			return
			;;
		esac
	done
}

# Complete the name of a map, or a path. Names with a backslash are left out:
# hmapctl list has escaped them.
_hmapctl_names() # WORD
{
	if [[ $1 == */* ]]; then
		compgen -f -- "$1"
	else
		compgen -W "$(hmapctl list 2>/dev/null | grep -v '\\')" -- "$1"
	fi
}

# Complete an argument or operand, which has this name in the help.
_hmapctl_argument() # NAME WORD
{
	case $1 in
	FORMAT) compgen -W "dec int str hex" -- "$2" ;;
	"NAME | PATH"*) _hmapctl_names "$2" ;;
	PATH | FILE | "[FILE | -]" | "[DIRECTORY]") compgen -f -- "$2" ;;
	esac
}

_hmapctl()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local row='^  (-.|  ).? (--[a-z-]+)( ([A-Z]+( \| [A-Z]+)?))?  '
	local commands command line options='' operands='' argument=''

	commands=$(hmapctl --help 2>/dev/null | sed -n 's/^  \([a-z]\+\) .*/\1/p')
	command=$(_hmapctl_command "$commands")
	while IFS= read -r line; do
		if [[ $line =~ $row ]]; then
			options+=" ${BASH_REMATCH[2]}"
			case $previous in
			"${BASH_REMATCH[1]}" | "${BASH_REMATCH[2]}") argument=${BASH_REMATCH[4]} ;;
			esac
		elif [[ $line == Usage:*"[OPTIONS] "* ]]; then
			operands=${line#*"[OPTIONS] "}
		fi
	done < <(hmapctl ${command:+"$command"} --help 2>/dev/null)

	COMPREPLY=()
	if [[ -n $argument ]]; then
		mapfile -t COMPREPLY < <(_hmapctl_argument "$argument" "$current")
	elif [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
	elif [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
	else
		mapfile -t COMPREPLY < <(_hmapctl_argument "$operands" "$current")
	fi
}

complete -F _hmapctl hmapctl
