# Prefixed to every path; a copy of the files can be tried out first.
root=${TIDEMILL_ROOT:-}
# Lost with a reboot, as the settings are.
saved=$root/run/tidemill-tune

fail() {
    echo "tidemill tune: $*" >&2
    exit 1
}

# Keeps a file's text, under a number.
keep() {
    [ -f "$root/$1" ] || return 0
    count=$((count + 1))
    cat "$root/$1" >"$saved/$count.text" && printf '%s\n' "$1" >"$saved/$count.path" &&
        printf '%s\n' "$count" >"$saved/count" ||
        fail "/$1 can not be kept, nothing was changed; remove $saved"
}

# Writes a value to a file that is there.
write() {
    if [ ! -f "$root/$1" ]; then
        echo "/$1 is not there" >&2
        failed=1
    elif (printf '%s\n' "$2" >"$root/$1") 2>/dev/null; then
        echo "/$1: $2"
    else
        echo "/$1: the kernel refuses $2" >&2
        failed=1
    fi
}

# Puts a kept text back. Where it is a choice among words the kernel takes the chosen word only.
restore() {
    file=$root/$(cat "$1.path") || return 1
    word=$(sed -n 's/^.*[[(]\([^])]*\)[])].*$/\1/p' "$1.text")
    if [ -n "$word" ]; then
        (printf '%s\n' "$word" >"$file") 2>/dev/null
        cmp -s "$1.text" "$file" && return 0
    fi
    (cat "$1.text" >"$file") 2>/dev/null && cmp -s "$1.text" "$file"
}

apply() {
    umask 077
    mkdir "$saved" 2>/dev/null ||
        fail "$saved is there or can not be made: undo first, and be root"
    count=0
    settings keep
    settings write
    [ "$failed" = 0 ] || fail "not everything could be set; 'undo' puts back what was"
}

undo() {
    [ -d "$saved" ] || fail "there is nothing to undo: no $saved"
    count=$(cat "$saved/count" 2>/dev/null) || count=0
    # The last first: some files can be written only as long as another has its new value.
    while [ "$count" -gt 0 ]; do
        kept=$saved/$count
        count=$((count - 1))
        [ -f "$kept.path" ] || continue
        if restore "$kept"; then
            echo "/$(cat "$kept.path"): put back"
            rm "$kept.path" "$kept.text"
        else
            echo "/$(cat "$kept.path"): could not be put back, see $kept.text" >&2
            failed=1
        fi
    done
    [ "$failed" = 0 ] || fail "not everything could be put back"
    rm -f "$saved/count"
    rmdir "$saved"
}

failed=0
case ${1:-} in
apply) apply ;;
undo) undo ;;
*)
    echo "usage: sh $0 apply|undo" >&2
    exit 2
    ;;
esac
