#include "console/terminal/input_file.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace quoit::terminal {

Result<std::unique_ptr<InputFile>> InputFile::open(const std::string& name)
{
    if (name == "-")
        return std::unique_ptr<InputFile>(new InputFile(STDIN_FILENO));
    const int descriptor = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return Error{errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Io,
                     "\"" + name + "\" can't be read: " + std::strerror(errno) + "."};
    std::unique_ptr<InputFile> file(new InputFile(descriptor));
    struct stat about
    {};
    if (fstat(descriptor, &about) == 0 && S_ISDIR(about.st_mode))
        return Error{ErrorCode::Io, "\"" + name + "\" is a folder."};
    return file;
}

InputFile::InputFile(int descriptor)
    : m_descriptor(descriptor)
{
    struct stat about
    {};
    if (fstat(descriptor, &about) != 0 || S_ISREG(about.st_mode)) {
        m_bytesTotal = about.st_size > 0 ? static_cast<std::uint64_t>(about.st_size) : 0;
        return; // always readable, and nothing to be told of
    }
    m_notifier = std::make_unique<QSocketNotifier>(descriptor, QSocketNotifier::Read);
    m_notifier->setEnabled(false);
    connect(m_notifier.get(), &QSocketNotifier::activated, this, [this] {
        m_notifier->setEnabled(false);
        Q_EMIT readable();
    });
}

InputFile::~InputFile()
{
    m_notifier.reset();
    if (m_descriptor != STDIN_FILENO)
        ::close(m_descriptor);
}

InputFile::Outcome InputFile::read(std::string& bytes)
{
    pollfd wanted{m_descriptor, POLLIN, 0};
    if (m_notifier && poll(&wanted, 1, 0) == 0) {
        m_notifier->setEnabled(true);
        return Outcome::NotYet;
    }
    std::array<char, 256 * 1024> buffer;
    ssize_t count;
    do {
        count = ::read(m_descriptor, buffer.data(), buffer.size());
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        m_error = std::string("reading failed: ") + std::strerror(errno);
        return Outcome::Failed;
    }
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
    m_bytesRead += static_cast<std::uint64_t>(count);
    return count == 0 ? Outcome::End : Outcome::Bytes;
}

} // namespace quoit::terminal
