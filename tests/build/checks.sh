# What must hold for a built library, one function a sentence; each prints what breaks it. Included by library.t and text.t.
#
# SPDX-License-Identifier: MIT

# Code in an archive (or an object) that is not in go_text.
code_elsewhere() {
    readelf -SW "$1" | awk '
        /^File:/ { file = $2 }
        /^  \[/ {
            sub(/^  \[ *[0-9]+\] */, "")
            if ($7 ~ /X/ && $1 != "go_text" && $5 !~ /^0+$/) print file ": code in " $1
        }'
}

# Functions and where their code is, as nm has it. Where the symbol of a function is that of its descriptor (ELFv1 of ppc64), nm makes
# up one with a dot for the code.
functions() {
    "$(${CC:-cc} -print-prog-name=nm)" --synthetic --defined-only "$1" 2>/dev/null | awk '
        NF == 3 && $2 ~ /^[tTwWi]$/ && $3 !~ /^\$/ { line[++n] = $0; dotted += is_dotted[n] = $3 ~ /^\.[^L]/ }
        END {
            for (i = 1; i <= n; i++)
                if (!dotted || is_dotted[i]) {
                    sub(/ \./, " ", line[i])
                    print line[i]
                }
        }'
}

# Whether this compiler says of each object that it needs no executable stack (gcc does not for ELFv1 of ppc64, where none is one).
notes_stacks() {
    echo 'int x;' >"$work/any.c"
    ${CC:-cc} -c -o "$work/any.o" "$work/any.c" && readelf -SW "$work/any.o" | grep -q 'note.GNU-stack'
}

# Objects of an archive that would make the program's stack executable.
stack_notes() {
    notes_stacks || return 0
    readelf -SW "$1" | awk '
        function close_file() { if (file != "" && !noted) print file ": no .note.GNU-stack, or one that asks for an executable stack" }
        /^File:/ { close_file(); file = $2; noted = 0 }
        /^  \[/ { sub(/^  \[ *[0-9]+\] */, ""); if ($1 == ".note.GNU-stack" && $7 !~ /X/) noted = 1 }
        END { close_file() }'
}

# Calls in an archive that go to another file through a stub of the linker's. What gcc's own atomics ask once, before the program
# starts, is none of ours, nor what its own division calls where the divisor is 0.
stub_calls() {
    nm --defined-only "$1" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u >"$work/defined"
    readelf -rW "$1" | awk '
        FILENAME != "-" { own[$1] = 1; next }
        /^File:/ { file = $2 }
        /^Relocation section/ { in_text = /relr?a?go_text/ || /\.relr?a?go_text/ }
        in_text && / R_([A-Z0-9_]*PLT[0-9A-Z_]*|AARCH64_(CALL|JUMP)26|ARM_(THM_)?(CALL|JUMP24)|PPC64_REL24[A-Z_]*|MIPS_(26|CALL[A-Z0-9_]*)) / && !/ R_PPC64_PLT/ {
            name = $5
            sub(/@.*/, "", name)
            if (!(name in own) && name != "__getauxval" && name != "raise" && name != "go_text" && name != ".opd") print file ": calls " name " through a stub"
        }' "$work/defined" -
}

# Entries of a table for unwinders that are not in the order of their functions, on CPUs that have one (32-bit ARM).
tables_in_disorder() {
    readelf -uW "$1" 2>/dev/null | awk '
        /^0x[0-9a-f]+( <.*>)?: / {
            at = $1
            sub(/:$/, "", at)
            if (length(at) < length(last) || (length(at) == length(last) && at <= last)) print $0 " comes after " last
            last = at
        }'
}

# Functions of the archive that lie outside go_text in the program or the shared library, by address; and that it is not empty.
functions_outside() {
    functions "$1" | awk '{ print $3 }' | sort -u >"$work/functions"
    {
        readelf -SW "$2" | sed -n 's/^.*\] go_text *[A-Z]* *\([0-9a-f]*\) [0-9a-f]* \([0-9a-f]*\) .*/section \1 \2/p'
        functions "$2"
    } | awk '
        function value(hex,    i, v) {
            for (i = 1; i <= length(hex); i++) v = v * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
            return v
        }
        FILENAME != "-" { own[$1] = 1; next }
        $1 == "section" { start = value($2); stop = start + value($3); next }
        NF == 3 && ($3 in own) {
            seen++
            if (value($1) < start || value($1) >= stop) print $3 " lies outside go_text"
        }
        END { if (!seen || start == stop) print "go_text or the functions of the library are missing" }' "$work/functions" -
}

# Where a program asks for the bounds of its own go_text, they are the bounds of the whole section.
bounds() {
    {
        readelf -SW "$1" | sed -n 's/^.*\] go_text *[A-Z]* *\([0-9a-f]*\) [0-9a-f]* \([0-9a-f]*\) .*/section \1 \2/p'
        nm "$1" | sed -n 's/^\([0-9a-f]*\) [a-zA-Z] __\(start\|stop\)_go_text$/\2 \1/p'
    } | awk '
        function value(hex,    i, v) {
            for (i = 1; i <= length(hex); i++) v = v * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
            return v
        }
        { at[$1] = value($2) }
        $1 == "section" { size = value($3) }
        END {
            if (!("start" in at) || !("stop" in at) || !size) print "no go_text, or no symbol for its ends"
            else if (at["start"] != at["section"] || at["stop"] != at["section"] + size) print "__start_go_text or __stop_go_text is not an end of go_text"
        }'
}

# Code that the library needs and the program has in itself, outside go_text: where it is interrupted there, nothing shows that the
# library was called. Functions of libgcc are the usual ones (64-bit division on a 32-bit CPU).
helpers_linked_in() {
    nm --undefined-only "$1" 2>/dev/null | awk '{ print $NF }' | sort -u >"$work/wanted"
    nm --defined-only "$1" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u >"$work/defined"
    functions "$2" | awk '{ print $3 }' | sort -u >"$work/linked"
    # A constructor calls pthread_atfork: nothing can be preempted yet.
    comm -23 "$work/wanted" "$work/defined" | comm -12 - "$work/linked" | grep -v -E '^(pthread_atfork|__(start|stop)_go_text)$' |
        sed 's/$/ is called by the library, and linked in outside go_text/'
}

# Dynamic flags of a shared library: no relocation in its text, no stub, everything bound before the program starts.
text_relocations() {
    readelf -dW "$1" | grep TEXTREL
    true
}

# On some CPUs a function that has a stub, and that others define, has the stub's address.
stubs() {
    {
        "$(${CC:-cc} -print-prog-name=objdump)" -d "$1" | sed -n 's/^.*[ \t]<\([A-Za-z0-9_.]*\)\(@[A-Za-z0-9_.]*\)*@plt>$/\1/p
            s/^[0-9a-f]* <[0-9a-f]*\.plt_[a-z]*call\.\([A-Za-z0-9_.]*\)\(@[A-Za-z0-9_.]*\)*>:$/\1/p'
        readelf -W --dyn-syms "$1" | awk '$4 == "FUNC" && $7 == "UND" && $2 !~ /^0+$/ { sub(/@.*/, "", $8); print $8 }'
    } | sort -u |
        grep -v -x -e __getauxval -e raise -e __register_atfork -e __cxa_finalize -e __gmon_start__ | sed 's/$/ is called through a stub/'
    true
}

late_binding() {
    readelf -dW "$1" | grep -q -E 'BIND_NOW|FLAGS_1.*NOW' || echo "symbols are bound at their first call"
}

shadow_stacks() {
    readelf -nW "$1" | grep SHSTK
    true
}

executable_stack() {
    readelf -lW "$1" | awk '/GNU_STACK/ { seen = 1; if ($7 ~ /E/) print "the stack is executable" } END { if (!seen) print "no GNU_STACK" }'
}

# Whether all that this compiler links asks for one (mips: older kernels put code there).
always_executable() {
    echo 'int main(void) { return 0; }' >"$work/any.c"
    ${CC:-cc} -o "$work/any" "$work/any.c" && [ -n "$(executable_stack "$work/any")" ]
}

soname() {
    readelf -dW "$1" | grep -q "SONAME.*\[$2\]" || echo "its soname is not $2"
}

# What the public headers declare, sorted: functions, and one variable.
declared() {
    printf '#include <goroutine.h>\n#include <goroutine/counter.h>\n' | $CC -E -P -Iinclude -x c - | tr '\n' ' ' | tr ';' '\n' |
        sed -n 's/__attribute__((visibility("default")))/\n/p' | grep -v '^$' | sed -n 's/^[^(]*\(__attribute__((noreturn))\)\{0,1\}[^(]*[ *]\(go_[a-z0-9_]*\) *(.*/\2/p; s/^ *__thread.* \(go_[a-z0-9_]*\)$/\1/p' | sort -u
}
