#include "console/terminal/exporter.h"

#include "console/terminal/text.h"

#include <QTimer>

#include <algorithm>
#include <utility>

namespace quoit::terminal {

namespace {

constexpr std::size_t keysAheadMax = 4096;
constexpr std::string_view scanCount = "1000";

} // namespace

Exporter::Exporter(ClusterClient& client, RecordWriter writer, std::string match, Limits limits, Sink sink)
    : m_client(client)
    , m_writer(std::move(writer))
    , m_match(std::move(match))
    , m_limits(limits)
    , m_sink(std::move(sink))
{}

void Exporter::start()
{
    const std::string header = m_writer.header();
    if (const std::string error = m_sink(header); !error.empty())
        stop(error);
    m_bytesWritten += header.size();
    QTimer::singleShot(0, this, &Exporter::pump);
}

void Exporter::stop(const std::string& because)
{
    if (m_isFinished || isStopped())
        return;
    m_result.stoppedBecause = because;
    m_keys.clear();
    QTimer::singleShot(0, this, &Exporter::finishIfDone);
}

/// Large values shrink the window, so that the answers on their way stay within bounds.
std::size_t Exporter::window() const
{
    const std::uint64_t bytesEach = m_bytesWritten / std::max<std::uint64_t>(m_result.exported, 1) + 1;
    return std::clamp<std::size_t>(m_limits.bytesMax / bytesEach, 1, m_limits.keysMax);
}

void Exporter::pump()
{
    while (!m_keys.empty() && m_inFlight < window()) {
        fetch(std::move(m_keys.front()));
        m_keys.pop_front();
    }
    if (!m_isScanning && !m_isScanned && !isStopped() && m_keys.size() < keysAheadMax)
        scan();
    finishIfDone();
}

void Exporter::scan()
{
    m_isScanning = true;
    std::vector<std::string> arguments = {"SCAN", m_cursor, "COUNT", std::string(scanCount)};
    if (!m_match.empty())
        arguments.insert(arguments.end(), {"MATCH", m_match});
    m_client.request(arguments, {.deadline = m_limits.deadline, .idempotent = true, .context = this},
                     [this](const ClientReply& reply) { onScanned(reply); });
}

void Exporter::onScanned(const ClientReply& reply)
{
    m_isScanning = false;
    if (!reply.ok() || reply.value.elements.size() != 2) {
        stop("The keys can't be listed: " + (reply.ok() ? std::string("no answer to SCAN") : reply.errorText()));
        return;
    }
    m_cursor = reply.value.elements[0].asText();
    m_isScanned = m_cursor == "0";
    if (!isStopped())
        for (const RespValue& key : reply.value.elements[1].elements)
            m_keys.push_back(key.text);
    pump();
}

void Exporter::fetch(std::string key)
{
    ++m_inFlight;
    auto entry = std::make_shared<Entry>();
    entry->key = std::move(key);
    const RequestOptions options{.deadline = m_limits.deadline, .idempotent = true, .context = this};
    m_client.request({"GET", entry->key}, options,
                     [this, entry](const ClientReply& reply) { onAnswer(entry, reply, true); });
    m_client.request({"PTTL", entry->key}, options,
                     [this, entry](const ClientReply& reply) { onAnswer(entry, reply, false); });
}

void Exporter::onAnswer(const std::shared_ptr<Entry>& entry, const ClientReply& reply, bool isValue)
{
    if (!reply.ok())
        entry->error = reply.errorText();
    else if (isValue && reply.value.isString())
        entry->value = reply.value.text;
    else if (!isValue)
        entry->ttlMs = reply.value.integerValue;
    if (reply.fate != RequestFate::Answered && !m_client.isConnected())
        stop("The connection is lost: " + reply.reason);
    if (--entry->answersDue > 0)
        return;
    --m_inFlight;
    settle(*entry);
    pump();
}

void Exporter::settle(const Entry& entry)
{
    if (!entry.error.empty()) {
        if (m_result.failed++ == 0)
            m_result.firstError = inQuotes(entry.key) + ": " + entry.error;
        return;
    }
    if (!entry.value || entry.ttlMs == -2)
        return; // deleted or expired since it was listed
    std::string record;
    m_writer.append(record, entry.key, *entry.value, std::max<std::int64_t>(entry.ttlMs, 0));
    if (const std::string error = m_sink(record); !error.empty()) {
        stop(error);
        return;
    }
    ++m_result.exported;
    m_bytesWritten += record.size();
}

void Exporter::finishIfDone()
{
    const bool isAtEnd = (m_isScanned && m_keys.empty()) || isStopped();
    if (!isAtEnd || m_isScanning || m_inFlight > 0 || m_isFinished)
        return;
    m_isFinished = true;
    Q_EMIT finished();
}

} // namespace quoit::terminal
