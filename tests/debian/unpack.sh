#!/bin/sh
# Unpacks packages of Debian, and what they need, into a folder. Nothing is installed, and one need not be root.
#
#     unpack.sh FOLDER SUITE PACKAGE...
#
# With the suite `-`, the packages are those of this machine's own Debian or Ubuntu, and what is installed already is
# left out: they run with the libraries of the machine. Those of another suite come with all that they need, down to
# the C library, whose `ld.so` runs them on any machine. apt checks each package by its digest and Debian's signature.
set -eu

for needed in apt-get dpkg-deb xargs; do
    command -v $needed >/dev/null || { echo "there is no $needed on this machine" >&2; exit 1; }
done
rm -rf "$1"
mkdir -p "$1"
folder=$(cd "$1" && pwd) suite=$2
shift 2

state=$folder/apt
mkdir -p "$state/lists/partial" "$state/cache" "$state/packages" "$folder/root"
own=
if [ "$suite" != - ]; then
    key=/usr/share/keyrings/debian-archive-keyring.gpg
    echo "deb [signed-by=$key] http://deb.debian.org/debian $suite main" >"$state/sources.list"
    own="-o Dir::Etc::SourceList=$state/sources.list -o Dir::Etc::SourceParts=- -o Dir::State::Status=/dev/null"
fi
get() {
    # shellcheck disable=SC2086  # several words
    apt-get -q=2 $own -o Dir::State::Lists="$state/lists" -o Dir::Cache="$state/cache" -o APT::Sandbox::User= \
        -o APT::Install-Recommends=false -o Acquire::http::Timeout=20 -o Acquire::Languages=none "$@"
}

get update || true # one of several archives may be out of reach
get --simulate install "$@" >"$state/plan"
names=$(sed -n 's/^Inst \([^ ]*\).*/\1/p' "$state/plan")
# shellcheck disable=SC2086  # several names
[ -z "$names" ] || (cd "$state/packages" && get download $names)
find "$state/packages" -name '*.deb' -print0 | xargs -0 -r -n 1 -P 4 sh -c 'dpkg-deb --extract "$2" "$1"' - "$folder/root"

# a link to /etc means that of the packages
find "$folder/root" -type l -lname '/*' | while read -r link; do
    target=$folder/root$(readlink "$link")
    [ ! -e "$target" ] || ln -sfn "$target" "$link"
done
# what the installation of R does
environment=$folder/root/usr/lib/R/etc/Renviron
[ ! -e "$environment.ucf" ] || ln -sfn Renviron.ucf "$environment"
rm -r "$state"
