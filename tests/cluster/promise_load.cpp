#include "tests/cluster/promise_load.h"

#include "tests/cluster/test_node.h"

#include <algorithm>
#include <limits>
#include <sstream>

namespace quoit::test {

namespace {

constexpr std::uint64_t logEntriesMax = 300; // then the next log, so that values stay small
constexpr std::uint64_t counterKeys = 4;
constexpr std::size_t readsInFlight = 50;
constexpr int readMs = 30'000;

QString text(const std::string& bytes)
{
    return QString::fromStdString(bytes.substr(0, 100));
}

} // namespace

PromiseLoad::PromiseLoad(const PromiseLoadOptions& options, int nodeCount, LoadClient::AddressOf addressOf)
    : m_options(options)
    , m_nodeCount(nodeCount)
    , m_addressOf(std::move(addressOf))
    , m_random(options.seed)
{
    for (int i = 0; i < 3 * options.clientsOfEach; ++i) {
        auto client = std::make_unique<Client>();
        client->kind = static_cast<Kind>(i % 3);
        client->connection = std::make_unique<LoadClient>(nodeCount, m_addressOf, m_random.next());
        client->pause.setSingleShot(true);
        if (options.arePatient)
            client->connection->bePatient();
        QObject::connect(&client->pause, &QTimer::timeout, client->connection.get(),
                         [this, raw = client.get()] { next(*raw); });
        m_clients.push_back(std::move(client));
    }
}

void PromiseLoad::start()
{
    m_isRunning = true;
    for (const auto& client : m_clients)
        client->pause.start(0);
}

bool PromiseLoad::stop(int milliseconds)
{
    m_isRunning = false;
    for (const auto& client : m_clients)
        client->connection->giveUp();
    return passUntil(milliseconds, [this] {
        return std::ranges::none_of(m_clients, [](const auto& client) { return client->connection->isBusy(); });
    });
}

void PromiseLoad::next(Client& client)
{
    if (!m_isRunning)
        return;
    const std::uint64_t serial = ++m_serial;
    ++m_requests;
    std::string token = std::to_string(serial);
    std::string key = m_options.prefix;
    std::vector<std::string> request;
    switch (client.kind) {
    case Kind::Element:
        key += "element:" + token;
        request = {"SET", key, token};
        break;
    case Kind::Log:
        key += "log:" + std::to_string(serial / logEntriesMax);
        request = {"APPEND", key, token + ' '};
        break;
    case Kind::Counter:
        key += "counter:" + std::to_string(m_random.below(counterKeys));
        request = {"INCR", key};
        break;
    }
    client.connection->call(std::move(request), [this, &client, key, token](const Outcome& outcome) {
        const std::int64_t returnedUs =
            outcome.fate == Outcome::Fate::Unknown ? std::numeric_limits<std::int64_t>::max() : outcome.returnedUs;
        m_acknowledged += outcome.fate == Outcome::Fate::Answered;
        if (outcome.fate == Outcome::Fate::Refused && !outcome.value.isError())
            --m_requests; // the end came before any node took it
        else if (outcome.fate != Outcome::Fate::Answered && m_firstFailure.isEmpty())
            m_firstFailure = failureText(key, outcome);
        promisesOf(client.kind)[key].push_back(
            {outcome.fate, outcome.calledUs, returnedUs, token, outcome.value.integerValue});
        client.pause.start(static_cast<int>(m_random.below(std::uint64_t(m_options.pauseMaxMs) + 1)));
    });
}

QString PromiseLoad::check(std::vector<int> nodes)
{
    const bool isAll = nodes.empty();
    for (int node = 1; node <= m_nodeCount && isAll; ++node)
        nodes.push_back(node);
    std::map<std::string, RespValue> values;
    std::vector<std::unique_ptr<RespConnection>> connections;
    for (const int node : nodes) {
        const auto address = parseHostPort(m_addressOf(node));
        if (!address)
            return QStringLiteral("node %1 doesn't take clients").arg(node);
        connections.push_back(std::make_unique<RespConnection>(RespConnection::Options{}));
        connections.back()->open(*address);
    }
    passUntil(5000, [&] { return std::ranges::all_of(connections, [](const auto& c) { return c->isOpen(); }); });
    std::size_t sent = 0;
    for (const Promises& promises : m_promises) {
        for (const auto& [key, list] : promises) {
            passUntil(readMs, [&] { return sent - values.size() < readsInFlight; });
            const auto& connection = connections[sent++ % connections.size()];
            connection->send({"GET", key}, [&values, key](const ClientReply& reply) {
                values[key] = reply.fate == RequestFate::Answered ? reply.value : RespValue::error(reply.errorText());
            });
        }
    }
    if (!passUntil(readMs, [&] { return values.size() == sent; }))
        return QStringLiteral("reads take longer than 30 s although all nodes are well");
    for (const auto& [key, value] : values)
        if (value.isError())
            return QStringLiteral("%1 can't be read although all nodes are well: %2").arg(text(key), text(value.text));
    QString problem;
    const auto judge = [&problem](const std::string& key, const QString& found) {
        if (problem.isEmpty() && !found.isEmpty())
            problem = text(key) + QLatin1Char(' ') + found;
    };
    for (const auto& [key, list] : promisesOf(Kind::Element))
        judge(key, checkElement(list.front(), values[key]));
    for (const auto& [key, list] : promisesOf(Kind::Log))
        judge(key, checkLog(list, values[key]));
    for (const auto& [key, list] : promisesOf(Kind::Counter))
        judge(key, checkCounter(list, values[key]));
    return problem;
}

QString PromiseLoad::checkElement(const Promise& promise, const RespValue& value)
{
    if (value.isNull())
        return promise.fate == Outcome::Fate::Answered ? QStringLiteral("was acknowledged and is lost") : QString();
    if (promise.fate == Outcome::Fate::Refused)
        return QStringLiteral("was refused and is there");
    return value.text == promise.token ? QString() : QStringLiteral("holds ") + text(value.text);
}

QString PromiseLoad::checkLog(const std::vector<Promise>& promises, const RespValue& value)
{
    std::map<std::string, const Promise*> byToken;
    for (const Promise& promise : promises)
        byToken[promise.token] = &promise;
    std::istringstream entries(value.text);
    std::map<std::string, int> times;
    std::int64_t lastCalledUs = 0; // of the entries so far
    for (std::string token; entries >> token;) {
        const auto found = byToken.find(token);
        if (found == byToken.end())
            return QStringLiteral("has the entry %1, which nobody made").arg(text(token));
        if (++times[token] > 1)
            return QStringLiteral("has the entry %1 twice").arg(text(token));
        if (found->second->fate == Outcome::Fate::Refused)
            return QStringLiteral("has the entry %1, which was refused").arg(text(token));
        if (found->second->returnedUs < lastCalledUs)
            return QStringLiteral("has the entry %1 behind one that was made later").arg(text(token));
        lastCalledUs = std::max(lastCalledUs, found->second->calledUs);
    }
    for (const Promise& promise : promises)
        if (promise.fate == Outcome::Fate::Answered && times[promise.token] == 0)
            return QStringLiteral("lost the acknowledged entry %1").arg(text(promise.token));
    return {};
}

QString PromiseLoad::checkCounter(std::vector<Promise> promises, const RespValue& value)
{
    const std::int64_t total = value.asInteger().value_or(0);
    const auto countOf = [&](Outcome::Fate fate) { return std::ranges::count(promises, fate, &Promise::fate); };
    const std::int64_t least = countOf(Outcome::Fate::Answered);
    const std::int64_t most = least + countOf(Outcome::Fate::Unknown);
    if (total < least || total > most)
        return QStringLiteral("is %1 after %2 acknowledged and at most %3 increments").arg(total).arg(least).arg(most);
    std::erase_if(promises, [](const Promise& promise) { return promise.fate != Outcome::Fate::Answered; });
    std::ranges::sort(promises, {}, &Promise::count);
    std::int64_t lastCount = 0;
    std::int64_t lastCalledUs = 0;
    for (const Promise& promise : promises) {
        if (promise.count == lastCount)
            return QStringLiteral("was %1 twice").arg(lastCount);
        if (promise.returnedUs < lastCalledUs)
            return QStringLiteral("was %1 before it was %2 or less").arg(promise.count).arg(promise.count - 1);
        lastCount = promise.count;
        lastCalledUs = std::max(lastCalledUs, promise.calledUs);
    }
    return lastCount > total ? QStringLiteral("was %1 and is %2").arg(lastCount).arg(total) : QString();
}

} // namespace quoit::test
