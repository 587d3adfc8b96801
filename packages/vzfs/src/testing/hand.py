"""
A process that lives in a directory as its root, with the ids of a user namespace, and makes the system calls that it is told: one JSON array a line
on stdin ([user, call, arguments...]), one line of answer ({"is": result} or {"errno": name}). Names and bytes are latin1 on both sides.

    hand.py ROOT USERNS     USERNS is a path, or "-" for the ids of the node
"""

import ctypes
import errno
import fcntl
import hashlib
import json
import mmap
import os
import stat
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER = 0x10000000
SYS_RENAMEAT2 = 316
AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
AT_SYMLINK_FOLLOW = 0x400
FICLONE = 0x40049409
FICLONERANGE = 0x4020940D
FIDEDUPERANGE = 0xC0189436
GETFLAGS = 0x80086601
SETFLAGS = 0x40086602
FSGETXATTR = 0x801C581F
FSSETXATTR = 0x401C5820
PAGE = 4096
BLOCK = 1 << 16

files = {}
maps = {}


def raw(given):
    """A text, or [text, times] for more of it."""
    if isinstance(given, list):
        return raw(given[0]) * given[1]
    return given.encode("latin1")


def text(data):
    return data.decode("latin1")


def checked(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def at(place):
    """A slot of an open file, or a path."""
    return files[place] if isinstance(place, int) else raw(place)


def open_(slot, path, flags, mode=0o644):
    opened = os.open(raw(path), flags | os.O_CLOEXEC, mode)
    close(slot)
    files[slot] = opened


def reopen(slot, other, flags):
    """Through /proc/self/fd, which leads to the file whatever its name is by now."""
    opened = os.open(str(files[other]), flags | os.O_CLOEXEC, dir_fd=own_files)
    close(slot)
    files[slot] = opened


def close(slot):
    maps.pop(slot, None)
    held = files.pop(slot, None)
    if held is not None:
        os.close(held)


def close_all():
    for slot in list(files):
        close(slot)


def write_direct(slot, data, offset):
    """O_DIRECT wants memory that begins on a page."""
    data = raw(data)
    with mmap.mmap(-1, len(data)) as memory:
        memory[:] = data
        return os.pwritev(files[slot], [memory], offset)


def map_(slot, length, shared, writable):
    kind = mmap.MAP_SHARED if shared else mmap.MAP_PRIVATE
    maps[slot] = mmap.mmap(files[slot], length, kind, mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0))


def map_write(slot, offset, data):
    data = raw(data)
    maps[slot][offset : offset + len(data)] = data
    maps[slot].flush()


def map_read(slot, offset, length):
    return text(maps[slot][offset : offset + length])


def map_patch(slot, offset, data):
    """Writes through a shared mapping that lives for this call alone: one that outlived its file's end would kill us."""
    data = raw(data)
    end = offset + len(data)
    if os.fstat(files[slot]).st_size < end:
        raise OSError(errno.EINVAL, "it would end behind the file")
    with mmap.mmap(files[slot], end) as memory:
        memory[offset:end] = data
        memory.flush()


def fallocate(slot, mode, offset, length):
    checked(libc.fallocate(files[slot], mode, ctypes.c_long(offset), ctypes.c_long(length)))


def rename(old, new, flags=0):
    checked(libc.syscall(SYS_RENAMEAT2, AT_FDCWD, raw(old), AT_FDCWD, raw(new), flags))


def link_file(slot, new):
    """Gives a file made by O_TMPFILE its name; as any user would, through /proc."""
    number = str(files[slot]).encode()
    checked(libc.linkat(own_files, number, AT_FDCWD, raw(new), AT_SYMLINK_FOLLOW))


def copy_range(source, start, target, to, length):
    return os.copy_file_range(files[source], files[target], length, start, to)


def clone(source, target):
    fcntl.ioctl(files[target], FICLONE, files[source])


def clone_range(source, start, length, target, to):
    fcntl.ioctl(files[target], FICLONERANGE, struct.pack("qQQQ", files[source], start, length, to))


def dedupe(source, target, length):
    """Bytes that are one now. The kernel answers for each target, beside the call's own result: 0, 1 (they differ), or -errno."""
    asked = struct.pack("QQHHI", 0, length, 1, 0, 0) + struct.pack("qQQiI", files[target], 0, 0, 0, 0)
    _, _, done, status, _ = struct.unpack_from("qQQiI", fcntl.ioctl(files[source], FIDEDUPERANGE, asked), 24)
    if status < 0:
        raise OSError(-status, os.strerror(-status))
    return done


def get_flags(slot):
    return struct.unpack("i", fcntl.ioctl(files[slot], GETFLAGS, struct.pack("i", 0)))[0]


def set_flags(slot, flags):
    fcntl.ioctl(files[slot], SETFLAGS, struct.pack("i", flags))


def get_project(slot):
    """Extended flags and project number."""
    held = struct.unpack("IIIII8x", fcntl.ioctl(files[slot], FSGETXATTR, bytes(28)))
    return [held[0], held[3]]


def set_project(slot, flags, project=None):
    held = list(struct.unpack("IIIII8x", fcntl.ioctl(files[slot], FSGETXATTR, bytes(28))))
    held[0], held[3] = flags, held[3] if project is None else project
    fcntl.ioctl(files[slot], FSSETXATTR, struct.pack("IIIII8x", *held))


def raw_ioctl(slot, request, size):
    """One that is not known here, with zeros."""
    fcntl.ioctl(files[slot], request, bytes(size))


def lock(slot, kind, start, length):
    """Of the open file and not of the process, so that two slots are two parties. fcntl_locking(2), F_OFD_SETLK."""
    fcntl.fcntl(files[slot], 37, struct.pack("hhqqi", kind, os.SEEK_SET, start, length, 0))


def watch(slot, path, mask):
    """inotify(7), not blocking."""
    close(slot)
    files[slot] = checked(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
    checked(libc.inotify_add_watch(files[slot], raw(path), mask))


def events(slot):
    """Masks of what has happened."""
    try:
        data = os.read(files[slot], BLOCK)
    except BlockingIOError:
        return []
    found = []
    while data:
        _, mask, _, length = struct.unpack_from("iIII", data)
        found.append(mask)
        data = data[16 + length :]
    return found


def birth(path):
    """Seconds. statx(2), STATX_BTIME."""
    held = ctypes.create_string_buffer(256)
    checked(libc.statx(AT_FDCWD, raw(path), 0x100, 0x800, held))
    return struct.unpack_from("q", held, 0x50)[0]


def handle(path):
    """Size of the handle that name_to_handle_at(2) gives."""
    held = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128))
    checked(libc.name_to_handle_at(AT_FDCWD, raw(path), held, ctypes.byref(ctypes.c_int()), 0))
    return struct.unpack_from("I", held)[0]


def numbers(path):
    """Inode numbers as the directory tells them."""
    with os.scandir(raw(path)) as entries:
        return sorted([text(entry.name), entry.inode()] for entry in entries)


def describe(place):
    held = os.stat(at(place), follow_symlinks=not isinstance(place, str))
    return {
        "mode": held.st_mode,
        "uid": held.st_uid,
        "gid": held.st_gid,
        "nlink": held.st_nlink,
        "size": held.st_size,
        "ino": held.st_ino,
        "dev": held.st_dev,
        "rdev": held.st_rdev,
        "atime": str(held.st_atime_ns),
        "mtime": str(held.st_mtime_ns),
        "ctime": str(held.st_ctime_ns),
        "blocks": held.st_blocks,
    }


def xattrs(place):
    follow = not isinstance(place, str)
    names = sorted(os.listxattr(at(place), follow_symlinks=follow))
    return [[text(os.fsencode(name)), text(os.getxattr(at(place), name, follow_symlinks=follow))] for name in names]


def digest(path):
    opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        state = hashlib.sha256()
        while data := os.read(opened, BLOCK):
            state.update(data)
        return state.hexdigest()
    finally:
        os.close(opened)


def tree(top):
    """Everything below, by path: what a program inside can find out."""
    found = []
    pending = [b""]
    while pending:
        path = pending.pop()
        whole = raw(top) + b"/" + path
        held = describe(text(whole))
        kind = stat.S_IFMT(held["mode"])
        held["xattrs"] = xattrs(text(whole))
        if kind == stat.S_IFREG:
            held["sha256"] = digest(whole)
        if kind == stat.S_IFLNK:
            held["target"] = text(os.readlink(whole))
        if kind == stat.S_IFDIR:
            pending += [path + b"/" + name if path else name for name in os.listdir(whole)]
        found.append([text(path), held])
    return sorted(found, key=lambda one: one[0])


def setxattr(place, name, value, flags=0):
    os.setxattr(at(place), raw(name), raw(value), flags, follow_symlinks=not isinstance(place, str))


def start(argv):
    """Runs a program; it executes when this returns."""
    return os.posix_spawn(argv[0], argv, {})


def end(child):
    os.kill(child, 9)
    os.waitpid(child, 0)


CALLS = {
    "chdir": lambda path: os.chdir(raw(path)),
    "open": open_,
    "reopen": reopen,
    "close": close,
    "closeAll": close_all,
    "read": lambda slot, length, offset: text(os.pread(files[slot], length, offset)),
    "write": lambda slot, data, offset: os.pwrite(files[slot], raw(data), offset),
    "append": lambda slot, data: os.write(files[slot], raw(data)),
    "writeDirect": write_direct,
    "truncate": lambda path, size: os.truncate(raw(path), size),
    "ftruncate": lambda slot, size: os.ftruncate(files[slot], size),
    "fallocate": fallocate,
    "fsync": lambda slot: os.fsync(files[slot]),
    "map": map_,
    "mapPatch": map_patch,
    "mapRead": map_read,
    "mapWrite": map_write,
    "chmod": lambda path, mode: os.chmod(raw(path), mode),
    "fchmod": lambda slot, mode: os.fchmod(files[slot], mode),
    "chown": lambda path, uid, gid: os.chown(raw(path), uid, gid, follow_symlinks=False),
    "fchown": lambda slot, uid, gid: os.fchown(files[slot], uid, gid),
    "utimens": lambda path, access, change: os.utime(raw(path), ns=(int(access), int(change)), follow_symlinks=False),
    "futimens": lambda slot, access, change: os.utime(files[slot], ns=(int(access), int(change))),
    "rename": rename,
    "unlink": lambda path: os.unlink(raw(path)),
    "mkdir": lambda path, mode=0o755: os.mkdir(raw(path), mode),
    "rmdir": lambda path: os.rmdir(raw(path)),
    "link": lambda old, new: os.link(raw(old), raw(new), follow_symlinks=False),
    "linkFile": link_file,
    "symlink": lambda target, path: os.symlink(raw(target), raw(path)),
    "mknod": lambda path, mode, device=0: os.mknod(raw(path), mode, device),
    "readlink": lambda path: text(os.readlink(raw(path))),
    "readdir": lambda path: sorted(text(name) for name in os.listdir(raw(path))),
    "access": lambda path, mode: os.access(raw(path), mode, effective_ids=True),
    "setxattr": setxattr,
    "getxattr": lambda place, name: text(os.getxattr(at(place), raw(name), follow_symlinks=not isinstance(place, str))),
    "removexattr": lambda place, name: os.removexattr(at(place), raw(name), follow_symlinks=not isinstance(place, str)),
    "xattrs": xattrs,
    "copyRange": copy_range,
    "clone": clone,
    "cloneRange": clone_range,
    "dedupe": dedupe,
    "sendfile": lambda target, source, offset, length: os.sendfile(files[target], files[source], offset, length),
    "splice": lambda source, target, offset, length: splice(source, target, offset, length),
    "getFlags": get_flags,
    "setFlags": set_flags,
    "getProject": get_project,
    "setProject": set_project,
    "ioctl": raw_ioctl,
    "lock": lock,
    "flock": lambda slot, kind: fcntl.flock(files[slot], kind),
    "stat": describe,
    "tree": tree,
    "start": start,
    "end": end,
    "watch": watch,
    "events": events,
    "birth": birth,
    "handle": handle,
    "fileSystem": lambda path: str(os.statvfs(raw(path)).f_fsid),
    "numbers": numbers,
}


def splice(source, target, offset, length):
    """File to pipe to file."""
    out, into = os.pipe()
    try:
        moved = os.splice(files[source], into, length, offset_src=offset)
        return os.splice(out, files[target], moved, offset_dst=offset)
    finally:
        os.close(out)
        os.close(into)


def become(user):
    os.setresgid(-1, user, -1)
    os.setresuid(-1, user, -1)


def answer(user, call, *arguments):
    if user:
        become(user)
    try:
        return {"is": CALLS[call](*arguments)}
    except OSError as error:
        return {"errno": errno.errorcode.get(error.errno, str(error.errno))}
    except KeyError:
        return {"errno": "EBADF"}
    finally:
        if user:
            os.setresuid(-1, 0, -1)
            os.setresgid(-1, 0, -1)


root, userns = sys.argv[1:]
# Loaded now: later there is no file system to load them from.
"".encode("idna")
own_files = os.open("/proc/self/fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
namespace = None if userns == "-" else os.open(userns, os.O_RDONLY)
os.chdir(root)
os.chroot(".")
if namespace is not None:
    checked(libc.setns(namespace, CLONE_NEWUSER))
    os.close(namespace)
os.setgroups([])
os.setresgid(0, 0, 0)
os.setresuid(0, 0, 0)
os.umask(0o022)
print(json.dumps({"is": "ready"}), flush=True)
for line in sys.stdin:
    print(json.dumps(answer(*json.loads(line))), flush=True)
