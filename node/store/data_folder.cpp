#include "node/store/data_folder.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace quoit {

namespace {

Error systemError(const std::string& doing, const std::string& path, int number)
{
    return {ErrorCode::Io,
            "can't " + doing + ' ' + path + ": " + std::strerror(number) + " (errno " + std::to_string(number) + ')'};
}

Result<void> makeFolder(const std::string& path)
{
    std::error_code error;
    const std::filesystem::path parent = std::filesystem::path(path).parent_path();
    if (!parent.empty())
        std::filesystem::create_directories(parent, error);
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return systemError("create the data folder", path, errno);
    if (!std::filesystem::is_directory(path, error))
        return Error{ErrorCode::Io, "the data folder " + path + " is not a folder"};
    return {};
}

/// What was renamed in it stays so when power is lost.
Result<void> syncFolder(const std::string& path)
{
    const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return systemError("open the folder", path, errno);
    const int failure = ::fsync(folder) == 0 ? 0 : errno;
    ::close(folder);
    if (failure != 0)
        return systemError("sync the folder", path, failure);
    return {};
}

} // namespace

Result<DataFolder> DataFolder::open(const std::string& path)
{
    if (Result<void> made = makeFolder(path); !made)
        return made.error();
    DataFolder folder;
    folder.m_path = path;
    const std::string lockPath = folder.file("lock");
    folder.m_lock = ::open(lockPath.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (folder.m_lock < 0)
        return systemError("open", lockPath, errno);
    char pid[32] = {};
    if (::flock(folder.m_lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK)
            return systemError("lock", lockPath, errno);
        const ssize_t length = ::pread(folder.m_lock, pid, sizeof pid - 1, 0);
        const long holder = length > 0 ? std::strtol(pid, nullptr, 10) : 0;
        return Error{ErrorCode::Refused,
                     "the data folder " + path + " is in use by another node" +
                         (holder > 0 ? " (process " + std::to_string(holder) + ')' : std::string()) +
                         "; stop it, or choose another folder"};
    }
    const int length = std::snprintf(pid, sizeof pid, "%ld\n", static_cast<long>(::getpid()));
    // Only a help for people: on a full disk the pid may be missing, the lock holds all the same.
    if (::ftruncate(folder.m_lock, 0) == 0)
        static_cast<void>(!::pwrite(folder.m_lock, pid, static_cast<std::size_t>(length), 0));
    return folder;
}

DataFolder DataFolder::named(std::string path)
{
    DataFolder folder;
    folder.m_path = std::move(path);
    return folder;
}

DataFolder::~DataFolder()
{
    if (m_lock >= 0)
        ::close(m_lock);
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : m_path(std::move(other.m_path))
    , m_lock(std::exchange(other.m_lock, -1))
{}

DataFolder& DataFolder::operator=(DataFolder&& other) noexcept
{
    std::swap(m_path, other.m_path);
    std::swap(m_lock, other.m_lock);
    return *this;
}

Result<std::string> putAside(const std::string& path)
{
    const Result<DataFolder> folder = DataFolder::open(path);
    if (!folder)
        return folder.error();
    const std::string aside = folder.value().file("set-aside");
    const std::string mark = folder.value().file("damaged");
    const std::string markAside = aside + "/damaged";
    std::error_code error;
    if (std::filesystem::exists(markAside, error))
        return Error{ErrorCode::Refused, "the data of " + path + " is damaged, and damaged data was put aside there before: its disk seems to be "
                                         "failing; check it (dmesg, smartctl), then delete " + aside + " and start the node again"};
    if (::mkdir(aside.c_str(), 0700) != 0 && errno != EEXIST)
        return systemError("make the folder", aside, errno);
    for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
        const std::string name = entry.path().filename().string();
        // The mark that the data is damaged goes last: a node that is ended in between begins here again.
        if (name.rfind("quoit.db", 0) == 0 && ::rename(entry.path().c_str(), (aside + '/' + name).c_str()) != 0)
            return systemError("put aside", entry.path().string(), errno);
    }
    if (error)
        return systemError("read", path, error.value());
    // Power may be lost at any moment: damaged files that are back without their mark would be served.
    for (const std::string& each : {aside, path})
        if (const Result<void> synced = syncFolder(each); !synced)
            return synced.error();
    if (::rename(mark.c_str(), markAside.c_str()) != 0 && errno != ENOENT)
        return systemError("put aside", mark, errno);
    for (const std::string& each : {aside, path})
        if (const Result<void> synced = syncFolder(each); !synced)
            return synced.error();
    return aside;
}

std::uint64_t freeBytes(const std::string& path)
{
    struct statvfs status;
    if (::statvfs(path.c_str(), &status) != 0)
        return UINT64_MAX;
    return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

std::uint64_t fileBytes(const std::string& path)
{
    struct stat status;
    return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

Result<std::string> newUuid()
{
    const int device = ::open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (device < 0)
        return systemError("open", "/dev/urandom", errno);
    unsigned char raw[16];
    const bool complete = ::read(device, raw, sizeof raw) == static_cast<ssize_t>(sizeof raw);
    ::close(device);
    if (!complete)
        return Error{ErrorCode::Io, "can't read /dev/urandom"};
    raw[6] = static_cast<unsigned char>((raw[6] & 0x0f) | 0x40);
    raw[8] = static_cast<unsigned char>((raw[8] & 0x3f) | 0x80);
    std::string uuid;
    for (std::size_t i = 0; i < sizeof raw; ++i) {
        char hex[3];
        std::snprintf(hex, sizeof hex, "%02x", raw[i]);
        if (i == 4 || i == 6 || i == 8 || i == 10)
            uuid += '-';
        uuid += hex;
    }
    return uuid;
}

} // namespace quoit
