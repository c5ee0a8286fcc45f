#include "node/server/http_listener.h"

#include "node/server/clocks.h"

#include <algorithm>
#include <unistd.h>

namespace quoit {

namespace {

constexpr std::size_t connectionsMax = 64;
constexpr std::size_t requestBytesMax = 8 * 1024;
constexpr Milliseconds requestTimeout{5000};

const char* reasonOf(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 431:
        return "Request Header Fields Too Large";
    default:
        return "Service Unavailable";
    }
}

} // namespace

/// One request, one reply, then the end.
class HttpListener::Connection final : private TcpStream::Owner
{
public:
    Connection(qintptr descriptor, const Handler& handler)
        : m_handler(handler)
        , m_stream(TcpStream::accepted(descriptor, *this))
        , m_closed(!m_stream)
    {}

    bool isClosed() const { return m_closed; }
    bool isLate(TimePoint now) const { return now - m_since > requestTimeout; }

private:
    void streamReadable() override
    {
        char chunk[2048];
        while (const std::size_t byteCount = m_stream->read(chunk, sizeof chunk)) {
            if (m_answered)
                continue;
            m_request.append(chunk, byteCount);
            if (m_request.size() > requestBytesMax) {
                answer({431, "request too long\n"}, true);
                return;
            }
        }
        if (m_closed)
            return;
        if (!m_answered &&
            (m_request.find("\r\n\r\n") != std::string::npos || m_request.find("\n\n") != std::string::npos))
            handle();
        else if (!m_answered && m_ended)
            m_closed = true;
    }

    void streamEnded() override { m_ended = true; }
    void streamClosed(const std::string&) override { m_closed = true; }

    void handle()
    {
        const std::string_view line = std::string_view(m_request).substr(0, m_request.find_first_of("\r\n"));
        const std::size_t first = line.find(' ');
        const std::size_t second = line.find(' ', first == std::string_view::npos ? first : first + 1);
        if (second == std::string_view::npos || line.substr(second + 1, 5) != "HTTP/") {
            answer({400, "this is HTTP: GET /health, /ready, /healthz or /metrics\n"}, true);
            return;
        }
        const std::string_view method = line.substr(0, first);
        std::string_view path = line.substr(first + 1, second - first - 1);
        path = path.substr(0, path.find('?'));
        if (method != "GET" && method != "HEAD") {
            answer({405, "only GET is understood here\n"}, true);
            return;
        }
        answer(m_handler(path), method == "GET");
    }

    void answer(const HttpReply& reply, bool withBody)
    {
        m_answered = true;
        std::string bytes = "HTTP/1.1 " + std::to_string(reply.status) + ' ' + reasonOf(reply.status) +
                            "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: " +
                            std::to_string(reply.body.size()) + "\r\nConnection: close\r\n";
        if (reply.status == 405)
            bytes += "Allow: GET, HEAD\r\n";
        bytes += "\r\n";
        if (withBody)
            bytes += reply.body;
        m_stream->write(bytes);
        m_stream->closeWhenSent();
    }

    const Handler& m_handler;
    const TimePoint m_since = readClocks().monotonic;
    std::string m_request;
    bool m_answered = false;
    bool m_ended = false; ///< the client sends nothing more
    std::unique_ptr<TcpStream> m_stream;
    bool m_closed;
};

HttpListener::HttpListener(Handler handler)
    : m_handler(std::move(handler))
    , m_listener([this](qintptr descriptor) { onAccepted(descriptor); })
{}

HttpListener::~HttpListener() = default;

void HttpListener::stop()
{
    m_listener.stop();
}

void HttpListener::tick(TimePoint now)
{
    std::erase_if(m_connections,
                  [now](const auto& connection) { return connection->isClosed() || connection->isLate(now); });
}

void HttpListener::onAccepted(qintptr descriptor)
{
    tick(readClocks().monotonic);
    if (m_connections.size() >= connectionsMax) {
        ::close(static_cast<int>(descriptor));
        return;
    }
    m_connections.push_back(std::make_unique<Connection>(descriptor, m_handler));
}

} // namespace quoit
