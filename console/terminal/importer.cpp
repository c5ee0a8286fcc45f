#include "console/terminal/importer.h"

#include <QTimer>

#include <algorithm>
#include <utility>

namespace quoit::terminal {

Importer::Importer(ClusterClient& client, InputFile& input, ImportSource source, Limits limits)
    : m_client(client)
    , m_input(input)
    , m_source(std::move(source))
    , m_limits(limits)
{
    connect(&m_input, &InputFile::readable, this, &Importer::pump);
}

void Importer::start()
{
    QTimer::singleShot(0, this, &Importer::pump);
}

void Importer::stop(const std::string& because)
{
    if (m_isFinished || isStopped())
        return;
    m_result.stoppedBecause = because;
    m_held.reset();
    QTimer::singleShot(0, this, &Importer::finishIfDone);
}

void Importer::pump()
{
    while (m_keysInFlight.size() < m_limits.requestsMax && m_bytesInFlight < m_limits.bytesMax && takeNext()) {
        if (!m_held->error.empty())
            noteFailure(m_held->line, m_held->error);
        else if (m_keysInFlight.contains(m_held->key))
            return; // its earlier line first
        else
            send(std::move(*m_held));
        m_held.reset();
    }
    finishIfDone();
}

/// Puts the next line into m_held. @return false when there is none, or none yet
bool Importer::takeNext()
{
    while (!m_held && !isStopped()) {
        m_held = m_source.next();
        if (!m_source.fatalError().empty())
            stop(m_source.fatalError());
        if (!m_held && (m_isAtEnd || !readMore()))
            return false;
    }
    return m_held.has_value();
}

bool Importer::readMore()
{
    std::string bytes;
    switch (m_input.read(bytes)) {
    case InputFile::Outcome::Bytes:
        m_source.feed(bytes);
        return true;
    case InputFile::Outcome::NotYet:
        return false;
    case InputFile::Outcome::End:
        m_source.finish();
        m_isAtEnd = true;
        return true;
    case InputFile::Outcome::Failed:
        stop(m_input.error());
        break;
    }
    return false;
}

void Importer::send(ImportItem item)
{
    const std::size_t bytes = item.key.size() + item.value.size();
    m_bytesInFlight += bytes;
    m_keysInFlight.insert(item.key);
    std::vector<std::string> arguments = {"SET", item.key, std::move(item.value)};
    if (item.ttlMs > 0) {
        arguments.emplace_back("PX");
        arguments.push_back(std::to_string(item.ttlMs));
    }
    m_client.request(arguments, {.deadline = m_limits.deadline, .idempotent = true, .context = this},
                     [this, line = item.line, key = std::move(item.key), bytes](const ClientReply& reply) {
                         onReply(line, key, bytes, reply);
                     });
}

void Importer::onReply(std::uint64_t line, const std::string& key, std::size_t bytes, const ClientReply& reply)
{
    m_keysInFlight.erase(key);
    m_bytesInFlight -= bytes;
    if (reply.ok())
        ++m_result.imported;
    else
        noteFailure(line, reply.errorText());
    // Without a connection every further line would only wait for its deadline.
    if (reply.fate != RequestFate::Answered && !m_client.isConnected())
        stop("The connection is lost: " + reply.reason);
    pump();
}

void Importer::noteFailure(std::uint64_t line, const std::string& error)
{
    ++m_result.failed;
    auto& lines = m_result.failedLines;
    lines.insert(std::ranges::upper_bound(lines, line, {}, &FailedLine::line), {line, error});
    if (lines.size() > m_limits.failedLinesMax)
        lines.pop_back();
}

void Importer::finishIfDone()
{
    if (!(m_isAtEnd || isStopped()) || m_held || !m_keysInFlight.empty() || m_isFinished)
        return;
    m_isFinished = true;
    Q_EMIT finished();
}

} // namespace quoit::terminal
