#include "tests/cluster/register_load.h"

#include "node/core/ballot.h"
#include "shared/resp/writer.h"
#include "tests/cluster/test_node.h"

#include <algorithm>

namespace quoit::test {

using sim::HistoryEntry;
using sim::Kind;

namespace {

constexpr int finalClient = 1'000'000;
constexpr std::size_t finalReadsInFlight = 50;
constexpr int finalReadMs = 30'000;

/// A reply in the checker's words.
std::string resultOf(const HistoryEntry& entry, bool withVersion, const RespValue& value)
{
    std::string text;
    RespWriter writer(text, 3);
    if (entry.kind == Kind::CompareAndSet)
        writer.integer(!value.isError());
    else if (withVersion && value.elements.size() == 2)
        writer.write(value.elements[0]);
    else
        writer.write(value);
    return text;
}

/// QUOIT.CAS compares versions, the checker values. An equal version means an equal value. A conflict says nothing of
/// the value, since a home may write the same one again as a new version ("settle"), unless absence was expected.
bool saysNothing(const HistoryEntry& entry, const RespValue& value)
{
    return entry.kind == Kind::CompareAndSet && value.isError() && !entry.expected.empty();
}

QString firstLine(const std::string& text)
{
    return QString::fromStdString(text.substr(0, text.find('\n'))).trimmed();
}

} // namespace

RegisterLoad::RegisterLoad(const RegisterLoadOptions& options, int nodeCount, LoadClient::AddressOf addressOf)
    : m_options(options)
    , m_nodeCount(nodeCount)
    , m_addressOf(std::move(addressOf))
    , m_random(options.seed)
    , m_slots(static_cast<std::size_t>(options.busyKeys + options.rareKeys))
{
    for (int i = 0; i < options.clients; ++i) {
        auto client = std::make_unique<Client>();
        client->connection = std::make_unique<LoadClient>(nodeCount, m_addressOf, m_random.next());
        if (options.arePatient)
            client->connection->bePatient();
        client->pause.setSingleShot(true);
        client->pause.setTimerType(Qt::PreciseTimer);
        const auto index = static_cast<std::size_t>(i);
        QObject::connect(&client->pause, &QTimer::timeout, client->connection.get(), [this, index] { next(index); });
        m_clients.push_back(std::move(client));
    }
}

void RegisterLoad::start()
{
    m_isRunning = true;
    for (const auto& client : m_clients)
        client->pause.start(0);
}

bool RegisterLoad::stop(int milliseconds)
{
    m_isRunning = false;
    for (const auto& client : m_clients)
        client->connection->giveUp();
    return passUntil(milliseconds, [this] {
        return std::ranges::none_of(m_clients, [](const auto& client) { return client->connection->isBusy(); });
    });
}

std::size_t RegisterLoad::drawSlot()
{
    const bool isRare = m_random.chance(m_options.rareShare);
    return isRare ? static_cast<std::size_t>(m_options.busyKeys) + m_random.below(std::uint64_t(m_options.rareKeys))
                  : m_random.below(static_cast<std::uint64_t>(m_options.busyKeys));
}

void RegisterLoad::refresh(Slot& slot, std::size_t index)
{
    if (slot.left > 0 && slot.unknown < m_options.unknownPerKeyMax)
        return;
    const int generation = slot.generation + 1;
    slot = {m_options.prefix + std::to_string(index) + '.' + std::to_string(generation), generation,
            m_options.requestsPerKeyMax, 0};
    KeyHistory& history = m_histories[slot.key];
    history.slot = index;
    history.generation = generation;
}

HistoryEntry RegisterLoad::drawEntry(Client& client, Slot& slot, std::vector<std::string>& request, bool& withVersion)
{
    HistoryEntry entry;
    entry.key = slot.key;
    const std::uint64_t draw = m_random.below(100);
    entry.kind = draw < 25   ? Kind::Get
                 : draw < 43 ? Kind::Set
                 : draw < 55 ? Kind::Delete
                 : draw < 69 ? Kind::CompareAndSet
                 : draw < 83 ? Kind::Increment
                 : draw < 92 ? Kind::SetIfAbsent
                             : Kind::Append;
    const std::string unique = std::to_string(1000 * ++m_serial);
    const bool hasSeen = client.seen.key == slot.key;
    if (hasSeen && m_random.chance(0.6))
        entry.kind = Kind::CompareAndSet;
    else if (entry.kind == Kind::CompareAndSet && !hasSeen)
        entry.kind = Kind::Get;
    withVersion = entry.kind == Kind::Get && draw >= 12;
    entry.argument = m_random.chance(0.3) ? 'v' + unique : unique;
    switch (entry.kind) {
    case Kind::Get:
        entry.argument.clear();
        request = {withVersion ? "QUOIT.GETV" : "GET", slot.key};
        break;
    case Kind::CompareAndSet:
        entry.expected = client.seen.value;
        request = {"QUOIT.CAS", slot.key, client.seen.version, entry.argument};
        client.seen = {};
        break;
    case Kind::Append:
        entry.argument =
            'a' + std::to_string(m_serial); // no number may come of it: the checker reads them less strictly
        request = {"APPEND", slot.key, entry.argument};
        break;
    case Kind::Delete:
    case Kind::Increment:
        entry.argument.clear();
        request = {sim::toText(entry.kind), slot.key};
        break;
    default:
        request = {sim::toText(entry.kind), slot.key, entry.argument};
        break;
    }
    return entry;
}

void RegisterLoad::next(std::size_t number)
{
    if (!m_isRunning)
        return;
    Client& client = *m_clients[number];
    std::size_t index = drawSlot();
    for (std::size_t i = 0; i < m_slots.size(); ++i)
        if (!client.seen.key.empty() && client.seen.key == m_slots[i].key)
            index = i;
    Slot& slot = m_slots[index];
    refresh(slot, index);
    --slot.left;
    std::vector<std::string> request;
    bool withVersion = false;
    HistoryEntry entry = drawEntry(client, slot, request, withVersion);
    entry.client = static_cast<int>(number);
    ++m_counters.requests;
    client.connection->call(std::move(request), [this, number, entry, withVersion](const Outcome& outcome) {
        onDone(number, entry, withVersion, outcome);
    });
}

void RegisterLoad::onDone(std::size_t number, HistoryEntry entry, bool withVersion, const Outcome& outcome)
{
    Client& client = *m_clients[number];
    KeyHistory& history = m_histories.at(entry.key);
    bool isHasty = false;
    client.seen = {};
    if (outcome.fate == Outcome::Fate::Answered) {
        entry.result = resultOf(entry, withVersion, outcome.value);
        entry.refused = saysNothing(entry, outcome.value);
        if (withVersion) {
            isHasty = true;
            client.seen = {entry.key, {}, "0"};
            if (outcome.value.elements.size() == 2) {
                client.seen = {entry.key, outcome.value.elements[0].text, outcome.value.elements[1].text};
                history.readings.push_back({outcome.calledUs, outcome.returnedUs, client.seen.version});
            }
        }
    } else if (outcome.fate == Outcome::Fate::Refused) {
        m_counters.refused += outcome.value.isError(); // else it was never sent
    } else {
        ++m_counters.unknown;
        Slot& slot = m_slots[history.slot];
        slot.unknown += entry.kind != Kind::Get && slot.generation == history.generation;
    }
    const bool hasFailed = outcome.fate == Outcome::Fate::Unknown || (outcome.fate == Outcome::Fate::Refused && outcome.value.isError());
    if (hasFailed && m_counters.firstFailure.isEmpty())
        m_counters.firstFailure = failureText(entry.key, outcome);
    if (outcome.fate != Outcome::Fate::Answered && outcome.value.isError())
        ++m_counters.errors[outcome.value.text.substr(0, outcome.value.text.find(' '))];
    note(history, std::move(entry), outcome);
    client.pause.start(isHasty ? 0 : static_cast<int>(m_random.below(std::uint64_t(m_options.pauseMaxMs) + 1)));
}

void RegisterLoad::note(KeyHistory& history, HistoryEntry entry, const Outcome& outcome)
{
    entry.calledUs = outcome.calledUs;
    entry.returnedUs = outcome.fate == Outcome::Fate::Unknown ? HistoryEntry::never : outcome.returnedUs;
    entry.refused = entry.refused || outcome.fate == Outcome::Fate::Refused;
    if (outcome.fate != Outcome::Fate::Answered)
        entry.result = outcome.value.text;
    history.entries.push_back(std::move(entry));
    history.nodes.push_back(outcome.node);
}

QString RegisterLoad::readEverything(std::vector<int> nodes)
{
    const bool isAll = nodes.empty();
    for (int node = 1; node <= m_nodeCount && isAll; ++node)
        nodes.push_back(node);
    QString problem;
    std::size_t answered = 0, wanted = 0, sent = 0;
    std::vector<std::unique_ptr<RespConnection>> connections;
    for (const int node : nodes) {
        const auto address = parseHostPort(m_addressOf(node));
        if (!address)
            return QStringLiteral("node %1 doesn't take clients").arg(node);
        connections.push_back(std::make_unique<RespConnection>(RespConnection::Options{}));
        connections.back()->open(*address);
    }
    passUntil(5000, [&] { return std::ranges::all_of(connections, [](const auto& c) { return c->isOpen(); }); });
    for (auto& [key, history] : m_histories) {
        for (std::size_t i = 0; i < connections.size(); ++i, ++wanted) {
            passUntil(finalReadMs, [&] { return sent - answered < finalReadsInFlight; });
            const std::int64_t calledUs = nowUs();
            ++sent;
            connections[i]->send({"GET", key}, [&, key, i, calledUs, this](const ClientReply& reply) {
                HistoryEntry entry;
                entry.client = finalClient;
                entry.key = key;
                ++answered;
                if (!reply.ok()) {
                    problem = QStringLiteral("%1 can't be read through node %2 although all nodes are well: %3")
                                  .arg(QString::fromStdString(key))
                                  .arg(nodes[i])
                                  .arg(QString::fromStdString(reply.errorText()));
                    return;
                }
                entry.result = resultOf(entry, false, reply.value);
                note(m_histories.at(key), entry,
                     {Outcome::Fate::Answered, reply.value, calledUs, nowUs(), nodes[i]});
            });
        }
    }
    const bool inTime = passUntil(finalReadMs, [&] { return answered == wanted; });
    return inTime ? problem : QStringLiteral("reads take longer than 30 s although all nodes are well");
}

std::string RegisterLoad::checkVersions(const KeyHistory& history)
{
    std::vector<Reading> byCall = history.readings;
    std::vector<Reading> byReturn = history.readings;
    std::ranges::sort(byCall, {}, &Reading::calledUs);
    std::ranges::sort(byReturn, {}, &Reading::returnedUs);
    Version highest;
    std::size_t returned = 0;
    for (const Reading& reading : byCall) {
        for (; returned < byReturn.size() && byReturn[returned].returnedUs < reading.calledUs; ++returned)
            highest = std::max(highest, Version::fromString(byReturn[returned].version).value_or(Version{}));
        const auto version = Version::fromString(reading.version);
        if (!version)
            return "shows a version that is none: " + reading.version;
        if (*version < highest)
            return "shows version " + reading.version + " after " + highest.toString();
    }
    return {};
}

QString RegisterLoad::check() const
{
    QString first;
    m_wrongKeys.clear();
    for (const auto& [key, history] : m_histories) {
        std::string problem = sim::checkLinearizable(history.entries);
        if (const std::string wrong = checkVersions(history); problem.empty() && !wrong.empty())
            problem = key + ' ' + wrong;
        if (problem.empty())
            continue;
        m_wrongKeys.push_back(key);
        if (first.isEmpty())
            first = QString::fromStdString(problem);
    }
    return first;
}

QString RegisterLoad::trace(const std::string& key) const
{
    const KeyHistory& history = m_histories.at(key);
    std::vector<std::size_t> order(history.entries.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    std::ranges::sort(order, {}, [&](std::size_t i) { return history.entries[i].calledUs; });
    QString text;
    for (const std::size_t i : order) {
        const HistoryEntry& entry = history.entries[i];
        text +=
            QStringLiteral("%1 … %2 µs client %3 at n%4: %5 %6 %7 -> %8%9\n")
                .arg(entry.calledUs)
                .arg(entry.returnedUs == HistoryEntry::never ? QStringLiteral("?") : QString::number(entry.returnedUs))
                .arg(entry.client)
                .arg(history.nodes[i])
                .arg(QLatin1String(sim::toText(entry.kind)), QString::fromStdString(entry.argument),
                     entry.expected.empty() ? QString() : QStringLiteral("if ") + firstLine(entry.expected),
                     QString::fromStdString(entry.result).replace(QStringLiteral("\r\n"), QStringLiteral(" ")),
                     entry.refused ? QStringLiteral(" (changed nothing)") : QString());
    }
    return text;
}

} // namespace quoit::test
