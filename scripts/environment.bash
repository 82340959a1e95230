# Makes the virtual environments of scripts/up and scripts/test. Sourced, not run.
#
# A fresh Debian or Ubuntu has Python without ensurepip and forbids pip to touch the system. So an environment is
# made without pip and filled from outside by the system's own pip (`pip --python`); where that is missing, Python's
# bundled pip is used; where both are missing, the one apt line is named.

# Bytecode is part of an installation: without it every start, and every run of the tests, compiles again.
unset PYTHONDONTWRITEBYTECODE

# The oldest Python that will do, as a tuple for sys.version_info.
oldest_python="(3, 11)"

say() { printf '%s\n' "watchword: $*" >&2; }
stop() {
  say "$*"
  exit 1
}

# python_fits PYTHON: does it run, and is it new enough?
python_fits() { "$1" -c "import sys; sys.exit(sys.version_info < $oldest_python)" >/dev/null 2>&1; }

# python_release PYTHON: prints its release, for example 3.11.
python_release() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])'; }

# find_python: prints the Python to use: $PYTHON, or the first on the path that fits.
find_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
    if python_fits "$candidate"; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  stop "Python 3.11 or later is needed; on Debian and Ubuntu: apt-get install python3 python3-venv"
}

# other_pythons RELEASE: prints one interpreter for every further release of Python found here.
other_pythons() {
  local seen=" $1 " candidate release
  for candidate in /usr/bin/python3.[0-9]* /usr/local/bin/python3.[0-9]* "$HOME"/.pyenv/versions/*/bin/python3 \
    "$HOME"/.local/share/uv/python/*/bin/python3 "$HOME"/.local/bin/python3.[0-9]*; do
    if [[ -x $candidate && $candidate != *-config ]] && python_fits "$candidate"; then
      release="$(python_release "$candidate")"
      if [[ $seen != *" $release "* ]]; then
        seen+="$release "
        printf '%s\n' "$candidate"
      fi
    fi
  done
}

# fingerprint FILE...: prints one digest of the files' bytes.
fingerprint() { cat "$@" | "$base_python" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'; }

# pip_for DIRECTORY: sets the array `pip` to the command that installs into that environment.
pip_for() {
  local inside="$1/bin/python"
  if "$inside" -m pip --version >/dev/null 2>&1; then
    pip=("$inside" -m pip)
  elif "$base_python" -m pip --python "$inside" --version >/dev/null 2>&1; then
    pip=("$base_python" -m pip --python "$inside")
  else
    stop "neither pip nor ensurepip is here; on Debian and Ubuntu: apt-get install python3-pip"
  fi
}

# is_filled DIRECTORY LOCK...: does it run, and was it filled from exactly these locks?
is_filled() {
  local directory="$1"
  shift
  python_fits "$directory/bin/python" && [[ -e $directory/.locked && $(<"$directory/.locked") == "$(fingerprint "$@")" ]]
}

# make_environment DIRECTORY LOCK...: an environment with the locked packages. Does nothing the second time.
make_environment() {
  local directory="$1" lock pip
  shift
  if is_filled "$directory" "$@"; then
    return
  fi
  if ! python_fits "$directory/bin/python"; then
    "$base_python" -m venv --clear "$directory" >/dev/null 2>&1 ||
      "$base_python" -m venv --clear --without-pip "$directory" ||
      stop "no virtual environment can be made; on Debian and Ubuntu: apt-get install python3-venv"
  fi
  pip_for "$directory"
  say "installing $* into $directory"
  for lock in "$@"; do
    "${pip[@]}" install "${quietly[@]}" --require-hashes --requirement "$lock"
  done
  compile_bytecode "$directory" "$("$directory/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
  fingerprint "$@" >"$directory/.locked"
}

# install_checkout DIRECTORY: this checkout, editable, in an environment that holds its dependencies and build tools.
install_checkout() {
  local directory="$1" pip
  if [[ -e $directory/.checkout && $(<"$directory/.checkout") == "$PWD $(fingerprint pyproject.toml)" ]]; then
    return
  fi
  pip_for "$directory"
  "${pip[@]}" install "${quietly[@]}" --no-deps --no-build-isolation --editable .
  compile_bytecode "$directory" src
  printf '%s\n' "$PWD $(fingerprint pyproject.toml)" >"$directory/.checkout"
}

quietly=(--quiet --disable-pip-version-check --no-input --no-warn-script-location)

# compile_bytecode DIRECTORY FOLDER: without it every start compiles again, two seconds instead of half of one.
compile_bytecode() { env -u PYTHONDONTWRITEBYTECODE "$1/bin/python" -m compileall -q -j 0 "$2" >/dev/null 2>&1 || true; }
