// shared/client/address_book.h - which nodes a client knows, and which of them to try next. Pure.
#pragma once

#include "shared/resp/value.h"

#include <QString>
#include <QStringList>

#include <optional>
#include <vector>

namespace quoit {

/// "host:port", taken apart.
struct HostPort
{
    QString host; ///< without the brackets of "[::1]:7400"
    quint16 port = 0;

    QString toString() const;
    bool operator==(const HostPort&) const = default;
};

/// @return nothing unless it is a host, a colon and a port of 1 … 65535; an IPv6 address needs brackets.
std::optional<HostPort> parseHostPort(const QString& text);

/// The client addresses in an answer to QUOIT.NODES or CLUSTER SHARDS, in its order, each once. An address that means
/// "every interface" (0.0.0.0, ::, an empty host) is taken to be the host that answered.
/// @return [0] if the answer is an error or nothing of the kind
QStringList addressesFromAnswer(const RespValue& answer, const QString& answeringHost);

/// The seeds that the user gave, and what the cluster itself has told.
class AddressBook
{
public:
    /// Forgets everything. @param seeds "host:port"; those that aren't are left out.
    void setSeeds(const QStringList& seeds);

    /// Replaces what the cluster told before. @return true if that changed anything
    bool learn(const QStringList& addresses);
    const QStringList& learned() const { return m_learned; }

    /// Everything there is to try: what the cluster told first, then the seeds; each once.
    QStringList all() const;

    /// The address to try next: one that has never failed, the last good one first; else the one whose failure is the
    /// longest ago. @param inUse left out. @return empty if there is none
    QString pick(const QStringList& inUse) const;

    void noteSuccess(const QString& address);
    void noteFailure(const QString& address);

private:
    struct Failure
    {
        QString address;
        quint64 order; // larger: later
    };
    quint64 failureOrder(const QString& address) const;

    QStringList m_seeds;
    QStringList m_learned;
    QString m_lastGood;
    std::vector<Failure> m_failures;
    quint64 m_failureCount = 0;
};

} // namespace quoit
