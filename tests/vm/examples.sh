# shellcheck shell=bash
# shellcheck disable=SC2154 # top: the script's that reads this
# SPDX-License-Identifier: GPL-2.0-only
# Programs and commands that README.md shows, for the scripts that try them. In a guest
# it is beside the tests.

# The program behind the comment that says so.
readme_program() # kernel|user|shared
{
	awk -v mark="by the tests: $1 -->" 'index($0, mark) { found = 1 }
		found && /^```$/ { exit }
		inside { print }
		found && /^```c/ { inside = 1 }' "${HMAP:-$top}/README.md"
}

# The indented lines of a section.
readme_commands() # HEADING
{
	awk -v heading="## $1" '/^## / { inside = $0 == heading }
		/^```/ { program = !program }
		inside && !program && sub(/^    /, "")' "${HMAP:-$top}/README.md"
}
