// node/server/http_listener.h - GET requests, for probes and Prometheus. Nothing else, and bounded in
// all ways.
#pragma once

#include "node/server/tcp_listener.h"
#include "node/server/tcp_stream.h"
#include "shared/base/time.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

struct HttpReply
{
    int status = 200;
    std::string body;
};

class HttpListener
{
public:
    /// @param path without its query. @return status 404 for what isn't there
    using Handler = std::function<HttpReply(std::string_view path)>;

    explicit HttpListener(Handler handler);
    ~HttpListener();
    Result<Address> listen(const Address& address) { return m_listener.start(address); }
    void stop();
    /// Ends connections that take too long, and clears closed ones away. About once a second; not from within a
    /// handler.
    void tick(TimePoint now);

private:
    class Connection;
    void onAccepted(qintptr descriptor);

    Handler m_handler;
    TcpListener m_listener;
    std::vector<std::unique_ptr<Connection>> m_connections;
};

} // namespace quoit
