// tests/unit/commands/redis_process.h - a redis-server of one test's own, to compare with.
#pragma once

#include <QProcess>
#include <QTcpSocket>
#include <QTemporaryDir>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quoit::testing {

/// On a free loopback port, in a temporary folder, without a disk; ended with this object.
class RedisProcess
{
public:
    RedisProcess() = default;
    ~RedisProcess();

    /// Whether a redis-server is in PATH.
    static bool isInstalled();
    /// Starts it and connects. @return false if it doesn't answer within 10 s; see error()
    bool start();
    const std::string& error() const { return m_error; }

    /// Sends all requests at once. @return [requests] each one's reply as RESP2 bytes; fewer: the connection broke
    std::vector<std::string> run(const std::vector<std::vector<std::string>>& requests);

private:
    bool connectTo(quint16 port);

    QTemporaryDir m_folder;
    QProcess m_process;
    QTcpSocket m_socket;
    std::string m_error;
};

/// How many bytes the first RESP2 reply of the stream takes; nothing while it isn't complete.
std::optional<std::size_t> replyBytes(std::string_view stream);

} // namespace quoit::testing
