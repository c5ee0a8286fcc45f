#include "shared/client/address_book.h"

#include <QHostAddress>

#include <algorithm>

namespace quoit {

namespace {

bool meansEveryInterface(const QString& host)
{
    if (host.isEmpty())
        return true;
    const QHostAddress address(host);
    return address == QHostAddress(QHostAddress::AnyIPv4) || address == QHostAddress(QHostAddress::AnyIPv6);
}

void addReachable(QStringList& addresses, HostPort address, const QString& answeringHost)
{
    if (address.port == 0)
        return;
    if (meansEveryInterface(address.host))
        address.host = answeringHost;
    const QString text = address.toString();
    if (parseHostPort(text) && !addresses.contains(text)) // what a server calls a host may be none
        addresses.append(text);
}

QString textOf(const RespValue& map, std::string_view name)
{
    return QString::fromStdString(map.textAt(name));
}

/// An entry of QUOIT.NODES.
void addMember(QStringList& addresses, const RespValue& member, const QString& answeringHost)
{
    const QString text = textOf(member, "client-address");
    // ":7400" is a listening address too.
    const auto address = parseHostPort(text.startsWith(QLatin1Char(':')) ? answeringHost + text : text);
    if (address)
        addReachable(addresses, *address, answeringHost);
}

/// A node of a shard of CLUSTER SHARDS.
void addShardNode(QStringList& addresses, const RespValue& node, const QString& answeringHost)
{
    const std::int64_t port = node.integerAt("port");
    if (port < 1 || port > 65535)
        return;
    QString host = textOf(node, "endpoint");
    if (host.isEmpty() || host == QLatin1String("?"))
        host = textOf(node, "ip");
    addReachable(addresses, {host, static_cast<quint16>(port)}, answeringHost);
}

} // namespace

QString HostPort::toString() const
{
    const bool isIpv6 = host.contains(QLatin1Char(':'));
    return (isIpv6 ? QLatin1Char('[') + host + QLatin1Char(']') : host) + QLatin1Char(':') + QString::number(port);
}

std::optional<HostPort> parseHostPort(const QString& text)
{
    const QString trimmed = text.trimmed();
    const qsizetype colon = trimmed.lastIndexOf(QLatin1Char(':'));
    if (colon < 1)
        return std::nullopt;
    QString host = trimmed.left(colon);
    bool isNumber = false;
    const uint port = trimmed.mid(colon + 1).toUInt(&isNumber);
    if (!isNumber || port < 1 || port > 65535)
        return std::nullopt;
    if (host.startsWith(QLatin1Char('[')) && host.endsWith(QLatin1Char(']')))
        host = host.mid(1, host.size() - 2);
    else if (host.contains(QLatin1Char(':')))
        return std::nullopt;
    if (host.isEmpty() || host.contains(QLatin1Char(' ')))
        return std::nullopt;
    return HostPort{host, static_cast<quint16>(port)};
}

QStringList addressesFromAnswer(const RespValue& answer, const QString& answeringHost)
{
    QStringList addresses;
    if (answer.type != RespType::Array)
        return addresses;
    for (const RespValue& entry : answer.elements) {
        addMember(addresses, entry, answeringHost);
        if (const RespValue* nodes = entry.find("nodes")) {
            for (const RespValue& node : nodes->elements)
                addShardNode(addresses, node, answeringHost);
        }
    }
    return addresses;
}

void AddressBook::setSeeds(const QStringList& seeds)
{
    *this = AddressBook();
    for (const QString& seed : seeds) {
        const auto address = parseHostPort(seed);
        if (address && !m_seeds.contains(address->toString()))
            m_seeds.append(address->toString());
    }
}

bool AddressBook::learn(const QStringList& addresses)
{
    if (addresses == m_learned)
        return false;
    m_learned = addresses;
    const QStringList known = all();
    std::erase_if(m_failures, [&known](const Failure& failure) { return !known.contains(failure.address); });
    return true;
}

QStringList AddressBook::all() const
{
    QStringList addresses = m_learned;
    for (const QString& seed : m_seeds) {
        if (!addresses.contains(seed))
            addresses.append(seed);
    }
    return addresses;
}

QString AddressBook::pick(const QStringList& inUse) const
{
    QStringList candidates = all();
    if (candidates.removeOne(m_lastGood))
        candidates.prepend(m_lastGood);
    QString best;
    for (const QString& candidate : std::as_const(candidates)) {
        if (inUse.contains(candidate))
            continue;
        if (best.isEmpty() || failureOrder(candidate) < failureOrder(best))
            best = candidate;
    }
    return best;
}

void AddressBook::noteSuccess(const QString& address)
{
    m_lastGood = address;
    std::erase_if(m_failures, [&address](const Failure& failure) { return failure.address == address; });
}

void AddressBook::noteFailure(const QString& address)
{
    std::erase_if(m_failures, [&address](const Failure& failure) { return failure.address == address; });
    m_failures.push_back({address, ++m_failureCount});
}

quint64 AddressBook::failureOrder(const QString& address) const
{
    for (const Failure& failure : m_failures) {
        if (failure.address == address)
            return failure.order;
    }
    return 0;
}

} // namespace quoit
