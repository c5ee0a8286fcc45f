#include "console/terminal/live_screen.h"

#include "console/terminal/json_text.h"

namespace quoit::terminal {

namespace {

constexpr std::string_view otherScreen = "\033[?1049h\033[?25l"; // and the cursor hidden
constexpr std::string_view ownScreen = "\033[?25h\033[?1049l";
constexpr Milliseconds silenceMax = 3s;

} // namespace

LiveScreen::LiveScreen(Session& session, const std::string& title, bool json)
    : m_session(session)
    , m_output(session.output())
    , m_json(json)
    , m_view(title)
    , m_lastPush(std::chrono::steady_clock::now())
{
    ClusterClient& client = session.client();
    connect(&client, &ClusterClient::connected, this, &LiveScreen::askToWatch);
    connect(&client, &ClusterClient::disconnected, this, &LiveScreen::onDisconnected);
    connect(&client, &ClusterClient::pushReceived, this, &LiveScreen::onPush);
    connect(&m_timer, &QTimer::timeout, this, &LiveScreen::noteSilence);
    m_timer.start(1000);
    if (m_output.isTerminal() && !m_json)
        m_output.write(otherScreen);
    if (client.isConnected())
        askToWatch();
}

LiveScreen::~LiveScreen()
{
    if (m_output.isTerminal() && !m_json)
        m_output.write(ownScreen);
}

void LiveScreen::setFooter(std::vector<std::string> lines)
{
    m_view.setFooter(std::move(lines));
    if (m_output.isTerminal())
        draw();
}

void LiveScreen::askToWatch()
{
    m_lossReason.clear();
    m_lastPush = std::chrono::steady_clock::now();
    m_session.client().request({"QUOIT.WATCH"}, {.idempotent = true, .context = this},
                               [this](const ClientReply& reply) {
                                   if (reply.fate == RequestFate::Answered && reply.value.isError())
                                       Q_EMIT refused(QString::fromStdString(reply.errorText()));
                               });
}

void LiveScreen::onPush(const RespValue& push)
{
    if (push.elements.size() != 2 || push.elements[0].asText() != "quoit.watch")
        return;
    m_lastPush = std::chrono::steady_clock::now();
    if (m_json) {
        m_output.line(jsonText(push.elements[1]));
        Q_EMIT pushShown(++m_pushCount);
        return;
    }
    auto report = watchReportFromResp(push.elements[1]);
    if (!report) {
        m_view.setTrouble("The node's report can't be read: " + report.error().message);
        draw();
        return;
    }
    if (const Epoch epoch = report.value().epoch; epoch != m_mapEpoch) {
        m_mapEpoch = epoch;
        m_session.client().request(
            {"QUOIT.RING"}, {.idempotent = true, .context = this}, [this](const ClientReply& reply) {
                if (const auto map = reply.ok() ? clusterMapFromResp(reply.value) : Error{}; map.ok())
                    m_view.setMap(map.value());
            });
    }
    m_view.take(std::move(report).value());
    draw();
    Q_EMIT pushShown(++m_pushCount);
}

void LiveScreen::onDisconnected(const QString& reason)
{
    m_lossReason = reason;
    noteSilence();
}

/// No push for a while, or no connection: says so, with the age of what is on the screen.
void LiveScreen::noteSilence()
{
    const auto age = std::chrono::steady_clock::now() - m_lastPush;
    if (m_json || (m_lossReason.isEmpty() && age < silenceMax))
        return;
    const auto seconds = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(age).count());
    const std::string what =
        m_lossReason.isEmpty() ? "No report" : "No connection (" + m_lossReason.toStdString() + ")";
    m_view.setTrouble(what + ", trying; the last figures are " + durationText(seconds) + " old");
    if (m_output.isTerminal())
        draw();
}

void LiveScreen::draw()
{
    if (!m_output.isTerminal()) {
        m_output.lines(m_view.lines(200, 1000, m_output.style()));
        m_output.line("");
        return;
    }
    const auto extent = m_output.extent();
    // From the top, each line to its end, the rest cleared: nothing flickers.
    std::string screen = "\033[H";
    const std::vector<std::string> lines = m_view.lines(extent.columns, extent.rows, m_output.style());
    for (std::size_t i = 0; i < lines.size(); ++i)
        screen += (i ? "\r\n" : "") + lines[i] + "\033[K";
    m_output.write(screen + "\033[J");
}

} // namespace quoit::terminal
