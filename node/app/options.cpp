#include "node/app/options.h"

#include "node/app/memory_limit.h"
#include "node/server/settings.h"

#include <QCommandLineParser>
#include <algorithm>
#include <cmath>

namespace quoit {

namespace {

constexpr int usageError = 2;
constexpr int peerPortDistance = 10000;

QString text(const char* latin)
{
    return QString::fromUtf8(latin);
}

/// Reads what was given for one option after the other, and keeps the first complaint.
class Reader
{
public:
    explicit Reader(const QCommandLineParser& parser)
        : m_parser(parser)
    {}

    bool isSet(const char* name) const { return m_parser.isSet(text(name)); }
    std::string string(const char* name) const { return m_parser.value(text(name)).toStdString(); }

    Address address(const char* name)
    {
        const Result<Address> parsed = addressFromText(string(name));
        if (parsed)
            return parsed.value();
        complain(name, parsed.error().message);
        return {};
    }
    std::uint64_t integer(const char* name, std::uint64_t min, std::uint64_t max)
    {
        bool ok = false;
        const qulonglong value = m_parser.value(text(name)).toULongLong(&ok);
        if (ok && value >= min && value <= max)
            return value;
        complain(name, "'" + string(name) + "' is no whole number from " + std::to_string(min) + " to " +
                           std::to_string(max));
        return min;
    }
    double positive(const char* name, double max)
    {
        bool ok = false;
        const double value = m_parser.value(text(name)).toDouble(&ok);
        if (ok && std::isfinite(value) && value > 0 && value <= max)
            return value;
        complain(name,
                 "'" + string(name) + "' is no number above 0 and up to " + std::to_string(static_cast<int>(max)));
        return 1.0;
    }
    void complain(const char* name, const std::string& what) { complain(std::string(name) + ": " + what); }
    /// @param what begins with the option's name
    void complain(const std::string& what)
    {
        if (m_complaint.empty())
            m_complaint = "--" + what;
    }
    const std::string& complaint() const { return m_complaint; }

private:
    const QCommandLineParser& m_parser;
    std::string m_complaint;
};

void declare(QCommandLineParser& parser)
{
    parser.setApplicationDescription(
        text("A node of a Quoit cluster: a distributed key-value store that any Redis client can use."));
    const auto add = [&parser](const char* name, const char* description, const char* value = "",
                               const char* preset = "") {
        parser.addOption(QCommandLineOption(text(name), text(description), text(value), text(preset)));
    };
    add("data-dir", "Folder for this node's data; made if it is missing. Required.", "DIR");
    add("listen", "Where clients connect; port 0 picks a free one.", "HOST:PORT", "127.0.0.1:7400");
    add("peer-listen",
        "Where other nodes connect. Default: the client address with its port + 10000 (a free one if that is 0).",
        "HOST:PORT");
    add("http-listen", "GET /health, /ready, /healthz and /metrics; \"none\" switches it off.", "HOST:PORT", "none");
    add("name", "What people call this node. Default: host name and port.", "NAME");
    add("zone", "Machines that may fail together share a zone; replicas are spread over zones.", "ZONE");
    add("weight", "Its share of the ring, relative to other nodes.", "NUMBER", "1");
    add("cache-bytes",
        "Memory for records that are on disk as well: such as 512mb, or 10% of the memory that this process may use.", "BYTES",
        "25%");
    add("cache-policy", "Which of them leave when it is full: lru, lfu, w-tinylfu or s3-fifo.", "POLICY", "w-tinylfu");
    add("max-bytes",
        "What this node may hold: key, value and 64 bytes for each key, such as 4gb; 0: no limit. Nodes get data in the ratio of "
        "their weights, so give them limits in the same ratio.",
        "BYTES", "0");
    add("eviction-policy",
        "What happens when a replica holds too much: noeviction (writes that add data are refused), or keys leave: allkeys-lru, "
        "allkeys-lfu, allkeys-random, volatile-lru, volatile-lfu, volatile-random, volatile-ttl. The same for all nodes.",
        "POLICY", "noeviction");
    add("max-clients", "Client connections at the same time.", "COUNT", "10000");
    add("timeout", "Seconds after which a client that asks for nothing is closed; 0: never.", "SECONDS", "0");
    add("auto-remove-after",
        "Seconds after which a node that is down is removed from the ring and its data copied anew among the others, if "
        "enough nodes and zones remain; 0: never. The same for all nodes.",
        "SECONDS", "0");
    add("auto-replace",
        "If this node's data is damaged, it is put aside and the node begins with an empty folder; and an empty node that has name and "
        "address of a member which is away takes that member's place. Nothing is lost while the other replicas are well. The same for all "
        "nodes.");
    add("ready-file", "Gets a JSON object with the addresses and the process id once the node serves.", "FILE");
    add("end-with-stdin", "Stop when standard input ends, as when the program that started this node is gone; a line "
                          "\"stay\" before lets it run on.");
    add("allow-insecure",
        "Allow addresses other than loopback. There is neither encryption nor a password yet: everyone who can "
        "reach the ports can read and change everything.");
    parser.addOption(QCommandLineOption({text("h"), text("help")}, text("Shows this text.")));
    parser.addOption(QCommandLineOption({text("v"), text("version")}, text("Shows the version.")));
}

Address peerAddressFor(const Address& client, Reader& reader)
{
    if (client.port == 0)
        return {client.host, 0};
    if (client.port + peerPortDistance > 65535)
        reader.complain("peer-listen", "the client port + 10000 is no port; say where other nodes connect");
    return {client.host, static_cast<std::uint16_t>(client.port + peerPortDistance)};
}

void refuseStrangers(const NodeOptions& options, Reader& reader)
{
    if (options.allowInsecure)
        return;
    const auto check = [&reader](const char* name, const Address& address) {
        if (!address.host.empty() && !address.isLoopback())
            reader.complain(name,
                            address.toText() +
                                " can be reached from other machines, and there is neither encryption nor a password; "
                                "add --allow-insecure if the network is yours");
    };
    check("listen", options.service.listen);
    check("peer-listen", options.service.peerListen);
    if (options.service.httpListen)
        check("http-listen", *options.service.httpListen);
}

/// The ring has these addresses: everybody would look for the node on his own machine.
void refuseWildcards(const NodeOptions& options, Reader& reader)
{
    const auto check = [&reader](const char* name, const Address& address) {
        if (address.isWildcard())
            reader.complain(name, address.toText() + " is no address at which clients and other nodes can reach this one; "
                                                     "give one of this machine's own");
    };
    check("listen", options.service.listen);
    check("peer-listen", options.service.peerListen);
}

/// "25%" of the memory that this process may use, in bytes; as it is if it is no such part.
std::string partOfMemory(const std::string& text)
{
    const std::optional<std::uint64_t> percent = byteCountFromText(std::string_view(text).substr(0, text.size() - 1));
    return percent && *percent <= 90 ? std::to_string(usableMemoryBytes() / 100 * *percent) : text;
}

/// Those that CONFIG SET changes as well.
void readSettings(Reader& reader, ServiceOptions& service)
{
    RuntimeSettings settings{service.core.room, service.cacheBytes, service.cachePolicy, 0};
    for (const char* const name : {"cache-bytes", "cache-policy", "max-bytes", "eviction-policy", "timeout"}) {
        std::string value = reader.string(name);
        if (std::string_view(name) == "cache-bytes" && value.ends_with('%'))
            value = partOfMemory(value);
        if (const Result<void> changed = change(settings, name, value); !changed)
            reader.complain(changed.error().message);
    }
    service.core.room = settings.room;
    service.cacheBytes = settings.cacheBytes;
    service.cachePolicy = settings.cachePolicy;
    service.session.idleMax = std::chrono::seconds(settings.timeoutSeconds);
}

} // namespace

std::variant<NodeOptions, TextAndExit> parseNodeOptions(const QStringList& arguments)
{
    QCommandLineParser parser;
    declare(parser);
    const auto usage = [](const std::string& what) {
        return TextAndExit{what + "\nTry quoit-node --help.\n", usageError};
    };
    if (!parser.parse(arguments))
        return usage(parser.errorText().toStdString());
    if (parser.isSet(text("help")))
        return TextAndExit{parser.helpText().toStdString(), 0};
    if (parser.isSet(text("version")))
        return TextAndExit{"quoit-node " QUOIT_VERSION "\n", 0};
    if (!parser.positionalArguments().isEmpty())
        return usage("'" + parser.positionalArguments().first().toStdString() +
                     "' isn't understood: all options begin with --");

    Reader reader(parser);
    NodeOptions options;
    ServiceOptions& service = options.service;
    service.programVersion = QUOIT_VERSION;
    service.dataDir = reader.string("data-dir");
    if (service.dataDir.empty())
        reader.complain("data-dir", "say where this node keeps its data");
    service.listen = reader.address("listen");
    service.peerListen =
        reader.isSet("peer-listen") ? reader.address("peer-listen") : peerAddressFor(service.listen, reader);
    if (reader.string("http-listen") != "none")
        service.httpListen = reader.address("http-listen");
    service.name = reader.string("name");
    service.zone = reader.string("zone");
    for (const auto& [option, text] : {std::pair{"name", service.name}, std::pair{"zone", service.zone}})
        if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }))
            reader.complain(option, "control characters aren't for names");
    service.weight = reader.positive("weight", 100);
    readSettings(reader, service);
    service.clientsMax = reader.integer("max-clients", 1, 1'000'000);
    const std::uint64_t removeAfter = reader.integer("auto-remove-after", 0, 30 * 24 * 3600);
    if (removeAfter > 0 && removeAfter < 60)
        reader.complain("auto-remove-after", "less than 60 s would remove a node that only restarts");
    service.core.autoRemoveAfter = std::chrono::seconds(removeAfter);
    service.core.autoReplace = reader.isSet("auto-replace");
    options.readyFile = reader.string("ready-file");
    options.allowInsecure = reader.isSet("allow-insecure");
    options.endWithStdin = reader.isSet("end-with-stdin");
    refuseWildcards(options, reader);
    refuseStrangers(options, reader);
    if (!reader.complaint().empty())
        return usage(reader.complaint());
    return options;
}

} // namespace quoit
