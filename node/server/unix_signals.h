// node/server/unix_signals.h - SIGTERM and SIGINT as an ordinary call on the main thread.
#pragma once

#include <functional>
#include <memory>

namespace quoit {

/// Blocks both signals and reads them from a descriptor; SIGPIPE is ignored. Make one, before any other thread is
/// started.
class UnixSignals
{
public:
    /// @param onStop called on the main thread for each signal
    explicit UnixSignals(std::function<void(int signal)> onStop);
    ~UnixSignals();
    UnixSignals(const UnixSignals&) = delete;
    UnixSignals& operator=(const UnixSignals&) = delete;

private:
    struct Notifier;
    std::unique_ptr<Notifier> m_notifier;
};

} // namespace quoit
