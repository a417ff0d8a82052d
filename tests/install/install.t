#!/bin/sh
# What make install leaves can be used as any library can, and make uninstall takes away just that.
# SPDX-License-Identifier: MIT
. tests/tap.sh

CC=${CC:-cc}
CXX=${CXX_OF_CC:-c++}
RUN=${RUN:-}
if [ -n "${SANITIZE:-}" ]; then
    echo "1..0 # SKIP it is the same with a sanitizer"
    exit 0
fi

# As it was built (-o all), and not as root where that can be had.
chmod 755 "$work"
mkdir "$work/dest"
as=""
if [ "$(id -u)" -eq 0 ] && setpriv --reuid=65534 --regid=65534 --clear-groups test -r Makefile -a -r "${BUILD:-build}" 2>/dev/null; then
    as="setpriv --reuid=65534 --regid=65534 --clear-groups"
    chown 65534:65534 "$work/dest"
fi
dest=$work/dest

# tree FOLDER: all that is in it, sorted.
tree() {
    (cd "$1" && find . -mindepth 1 | sed 's|^\./||' | LC_ALL=C sort)
}

promised() {
    {
        (cd include && find . -name '*.h' | sed 's|^\./|usr/local/include/|')
        printf 'usr/local/lib/%s\n' libgoroutine.a libgoroutine.so libgoroutine.so.0 "libgoroutine.so.$version" pkgconfig/goroutine.pc
        [ ! -e "$BUILD/libgoroutine-trace.a" ] || printf 'usr/local/lib/%s\n' libgoroutine-trace.a libgoroutine-trace.so \
            libgoroutine-trace.so.0 "libgoroutine-trace.so.$version" pkgconfig/goroutine-trace.pc
        printf '%s\n' usr usr/local usr/local/include usr/local/include/goroutine usr/local/lib usr/local/lib/pkgconfig
    } | LC_ALL=C sort >"$work/promised"
    tree "$dest" >"$work/found"
    same "$work/promised" "$work/found"
}

modes() {
    find "$dest" -type f ! -perm 644 ! -name "libgoroutine*.so.$version"
    find "$dest" -name "libgoroutine*.so.$version" ! -perm 755
    find "$dest" -type d ! -perm 755
    find "$dest" -xtype l
}

package() {
    PKG_CONFIG_PATH=$dest/usr/local/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$dest pkg-config "$@" goroutine
}

# says EXPECTED OPTIONS...: what pkg-config prints.
says() {
    expected=$1
    shift
    seen=$(package "$@" | sed 's/ *$//')
    [ "$seen" = "$expected" ] || echo "pkg-config $*: '$seen', not '$expected'"
}

cat >"$work/use.c" <<'END'
#include <goroutine.h>
static go_chan *c;
static void send_seven(void *arg) { int seven = 7; (void)arg; go_send(c, &seven); }
int main(void)
{
    int got = 0;
    c = go_chan_new(sizeof got, 0);
    if (go_version() != GO_VERSION_NUMBER || go(send_seven, NULL) != 0)
        return 1;
    go_recv(c, &got);
    return got != 7 || go_chan_free(c) != 0;
}
END
cp "$work/use.c" "$work/use.cc"

# What an emulator is told for static programs (src/arch/*/library.mk) is not for this one.
# shellcheck disable=SC2046,SC2086 # lists of words
shared_program() {
    $1 -O2 -Wall -Wextra -Werror $(package --cflags) -o "$work/shared" "$2" $(package --libs) &&
        env -u QEMU_SET_ENV LD_LIBRARY_PATH="$dest/usr/local/lib" $RUN "$work/shared" || echo "does not build, or does not run"
    readelf -dW "$work/shared" | grep -q 'NEEDED.*\[libgoroutine\.so\.0\]' || echo "it does not need libgoroutine.so.0"
}

# shellcheck disable=SC2046,SC2086
static_program() {
    mkdir -p "$work/archive" && cp "$dest/usr/local/lib/libgoroutine.a" "$work/archive"
    $CC -O2 $(package --cflags) -o "$work/static" "$work/use.c" -L"$work/archive" $(package --static --libs-only-l --libs-only-other) &&
        $RUN "$work/static" || echo "does not build, or does not run"
    readelf -dW "$work/static" | grep 'NEEDED.*goroutine'
    true
}

# traced OPTION COMPILER-OPTIONS...: a program that asks pkg-config for goroutine-trace, with a linker that leaves out what it can.
traced() {
    option=$1
    shift
    # shellcheck disable=SC2086 # perhaps none
    PKG_CONFIG_PATH=$dest/usr/local/lib/pkgconfig pkg-config $option --libs goroutine-trace >"$work/options"
    # shellcheck disable=SC2046 # a list of words
    $CC -g -O2 -I"$dest/usr/local/include" -Wl,--as-needed -o "$work/traced" "$work/panics.c" "$@" $(cat "$work/options")
    LD_LIBRARY_PATH=$dest/usr/local/lib $RUN "$work/traced" 2>"$work/panic"
    grep -q '^    breaks_a_rule+0x[0-9a-f]* panics.c:' "$work/panic" || cat "$work/options" "$work/panic"
}

cat >"$work/panics.c" <<'END'
#include <goroutine.h>
__attribute__((noinline)) static void breaks_a_rule(void)
{
    go_preempt_on();
    __asm__ volatile("" ::: "memory");
}
int main(void)
{
    breaks_a_rule();
    return 0;
}
END

cmake_program() {
    mkdir -p "$work/cmake/out"
    cp "$work/use.c" "$work/cmake"
    cat >"$work/cmake/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.13)
project(use C)
find_package(PkgConfig REQUIRED)
pkg_check_modules(goroutine REQUIRED IMPORTED_TARGET goroutine)
add_executable(use use.c)
target_link_libraries(use PkgConfig::goroutine)
END
    export PKG_CONFIG_PATH="$dest/usr/local/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$dest"
    (cd "$work/cmake/out" && env -u CFLAGS -u LDFLAGS CC="$CC" cmake .. && cmake --build .) && $RUN "$work/cmake/out/use"
}

# Only ours may go: a neighbour in each folder stays.
uninstalls() {
    rm -rf "$dest/usr"
    for folder in include include/goroutine lib lib/pkgconfig; do
        $as mkdir -p "$dest/usr/local/$folder"
        $as touch "$dest/usr/local/$folder/neighbour"
    done
    tree "$dest" >"$work/before"
    quiet $as make -o all install DESTDIR="$dest"
    tree "$dest" >"$work/between"
    cmp -s "$work/before" "$work/between" && echo "nothing was installed"
    quiet $as make uninstall DESTDIR="$dest"
    tree "$dest" >"$work/after"
    same "$work/before" "$work/after"
    rm "$dest/usr/local/include/goroutine/neighbour"
    quiet $as make -o all install DESTDIR="$dest"
    quiet $as make uninstall DESTDIR="$dest"
    [ ! -e "$dest/usr/local/include/goroutine" ] || echo "include/goroutine was left behind"
    quiet $as make uninstall DESTDIR="$dest"
}

elsewhere() {
    quiet $as make -o all install DESTDIR="$dest" PREFIX=/opt/go LIBDIR=/opt/go/lib64 INCLUDEDIR=/opt/go/include/g
    for file in include/g/goroutine.h include/g/goroutine/chan.h lib64/libgoroutine.a lib64/pkgconfig/goroutine.pc; do
        [ -f "$dest/opt/go/$file" ] || echo "no $file"
    done
    printf '%s\n' prefix=/opt/go libdir=/opt/go/lib64 includedir=/opt/go/include/g >"$work/promised"
    sed -n '/^[a-z]*=/p' "$dest/opt/go/lib64/pkgconfig/goroutine.pc" | same "$work/promised" -
    quiet $as make uninstall DESTDIR="$dest" PREFIX=/opt/go LIBDIR=/opt/go/lib64 INCLUDEDIR=/opt/go/include/g
    find "$dest/opt" ! -type d
}

version=$(sed -n -E 's/^#define GO_VERSION_(MAJOR|MINOR|PATCH) +//p' include/goroutine/abi.h | paste -s -d . -)

check "make install works${as:+, not as root}" quiet $as make -o all install DESTDIR="$dest"
check "it installs exactly the headers, the libraries and the pkg-config file" promised
check "with the usual modes, and links that lead somewhere" modes
check "a second make install does no harm" quiet $as make -o all install DESTDIR="$dest"
if command -v pkg-config >/dev/null; then
    check "pkg-config knows the version" says "$version" --modversion
    check "and how to compile" says "-I$dest/usr/local/include" --cflags
    check "and how to link" says "-L$dest/usr/local/lib -lgoroutine" --libs
    check "and how to link statically" says "-L$dest/usr/local/lib -lgoroutine -pthread" --static --libs
    check "a program uses the shared library" shared_program "$CC" "$work/use.c"
    check "a program uses the static library" static_program
    if command -v "${CXX%% *}" >/dev/null; then
        check "a C++ program uses the shared library" shared_program "$CXX" "$work/use.cc"
    else
        skip "a C++ program uses the shared library" "no $CXX"
    fi
    if [ -e "$BUILD/libgoroutine-trace.a" ]; then
        check "a program with the shared libgoroutine-trace shows its stack" traced "" -L"$dest/usr/local/lib"
        mkdir -p "$work/archives" && cp "$dest"/usr/local/lib/lib*.a "$work/archives"
        check "and one with the static one" traced --static -L"$work/archives"
    else
        skip "a program with libgoroutine-trace shows its stack" "it is not built"
    fi
    if command -v cmake >/dev/null; then
        check "a CMake project finds it" quiet cmake_program
    else
        skip "a CMake project finds it" "no cmake"
    fi
else
    skip "pkg-config describes it" "no pkg-config"
fi
check "the file for pkg-config does not know of DESTDIR" fails grep -r "$dest" "$dest/usr/local/lib/pkgconfig"
check "make uninstall takes away what make install brought, and nothing else" uninstalls
check "PREFIX, LIBDIR and INCLUDEDIR choose the place" elsewhere

finish
