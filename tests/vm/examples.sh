# shellcheck shell=bash
# shellcheck disable=SC2154 # top: the script's that reads this
# SPDX-License-Identifier: GPL-2.0-only
# The programs and commands that the READMEs show, for the scripts that try them. In a
# guest the READMEs are beside the tests.

# The READMEs with programs or commands that are tried, relative to the top folder.
readmes="README.md userspace/README.md"

readme_text()
{
	local file

	for file in $readmes; do
		cat "${HMAP:-$top}/$file" || return
	done
}

# The program behind the comment that says so.
readme_program() # kernel|user|shared
{
	readme_text | awk -v mark="by the tests: $1 -->" '
		index($0, mark) { found = 1 }
		found && /^```$/ { found = inside = 0 }
		inside { print }
		found && /^```c/ { inside = 1 }'
}

# The indented lines of a section.
readme_commands() # HEADING
{
	readme_text | awk -v heading="## $1" '/^##? / { inside = $0 == heading }
		/^```/ { program = !program }
		inside && !program && sub(/^    /, "")'
}

# The example of a tracing tool that has this word in it, with the comments before it.
readme_trace() # WORD
{
	readme_text | awk -v RS= -v word="$1" '
		/run by the tests: trace/ { inside = 1 }
		inside && index($0, word) && !found++ {
			gsub(/(<!--[^\n]*|```[^\n]*)(\n|$)/, "")
			print
		}'
}
