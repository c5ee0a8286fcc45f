// console/terminal/input_file.h - a file or standard input, read without ever stopping the event loop.
#pragma once

#include "shared/base/result.h"

#include <QObject>
#include <QSocketNotifier>

#include <cstdint>
#include <memory>
#include <string>

namespace quoit::terminal {

class InputFile : public QObject
{
    Q_OBJECT

public:
    /// @param name "-": standard input. @return NotFound or Io with a sentence for people
    static Result<std::unique_ptr<InputFile>> open(const std::string& name);
    ~InputFile() override;

    enum class Outcome { Bytes, NotYet, End, Failed };
    /// Appends what is there, at most 256 KiB. After NotYet, readable() says when to try again.
    Outcome read(std::string& bytes);
    /// After Failed.
    const std::string& error() const { return m_error; }

    /// Of a regular file; 0: nobody knows.
    std::uint64_t bytesTotal() const { return m_bytesTotal; }
    std::uint64_t bytesRead() const { return m_bytesRead; }

Q_SIGNALS:
    void readable();

private:
    explicit InputFile(int descriptor);

    const int m_descriptor;
    std::uint64_t m_bytesTotal = 0;
    std::uint64_t m_bytesRead = 0;
    std::unique_ptr<QSocketNotifier> m_notifier; ///< of a pipe or terminal
    std::string m_error;
};

} // namespace quoit::terminal
