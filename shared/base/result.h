// shared/base/result.h - what an operation that may fail returns, and what a caller's bug does.
// Results are for what happens in operation (a full disk, a peer that is gone); QUOIT_ENSURE is for bugs.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace quoit {

/// What went wrong, to branch on. The message beside it is for people.
enum class ErrorCode {
    InvalidArgument, ///< the caller's input can't be used as it is
    NotFound,
    AlreadyExists,
    Corrupt,     ///< bytes that don't decode, or a checksum that doesn't fit
    Unsupported, ///< a version or feature that this build doesn't know
    TooLarge,
    Unavailable, ///< somebody else doesn't answer; trying again may help
    DiskFull,
    Io,
    Refused, ///< understood, and not allowed
};

/// An error code and a sentence for people that says what to do.
struct Error
{
    ErrorCode code = ErrorCode::InvalidArgument;
    std::string message;
};

/// A value or an Error. Ask ok() first; value() of an error ends the process.
template <typename T>
class [[nodiscard]] Result
{
public:
    Result(T value)
        : m_state(std::in_place_index<0>, std::move(value))
    {
    }
    Result(Error error)
        : m_state(std::in_place_index<1>, std::move(error))
    {
    }

    bool ok() const { return m_state.index() == 0; }
    explicit operator bool() const { return ok(); }
    const T& value() const& { return std::get<0>(m_state); }
    T& value() & { return std::get<0>(m_state); }
    T&& value() && { return std::get<0>(std::move(m_state)); }
    const Error& error() const { return std::get<1>(m_state); }

private:
    std::variant<T, Error> m_state;
};

/// Success, or an Error.
template <>
class [[nodiscard]] Result<void>
{
public:
    Result() = default;
    Result(Error error)
        : m_error(std::move(error))
    {
    }

    bool ok() const { return !m_error; }
    explicit operator bool() const { return ok(); }
    const Error& error() const { return *m_error; }

private:
    std::optional<Error> m_error;
};

/// Prints the condition and its place to stderr and aborts.
[[noreturn]] void ensureFailed(const char* condition, const char* file, int line);

} // namespace quoit

/// Ends the process when a condition that only a bug can break is broken. Kept in release builds.
#define QUOIT_ENSURE(condition)                                                                                        \
    do {                                                                                                               \
        if (!(condition)) [[unlikely]]                                                                                 \
            ::quoit::ensureFailed(#condition, __FILE__, __LINE__);                                                     \
    } while (false)
