// Fuzzes how a node is set up: node/app/options, node/server/address.
// Input: lines, one argument each.
#include "node/app/options.h"
#include "tests/fuzz/fuzz.h"

#include <QCoreApplication>
#include <cmath>

using namespace quoit;

namespace {

/// The parser asks it for the program's name.
void needApplication()
{
    static int argc = 1;
    static char name[] = "quoit-node";
    static char* argv[] = {name, nullptr};
    if (!QCoreApplication::instance())
        new QCoreApplication(argc, argv);
}

void checkAddress(const Address& address, bool mayBeOpen)
{
    const Result<Address> again = addressFromText(address.toText());
    FUZZ_CHECK(again && again.value() == address);
    FUZZ_CHECK(mayBeOpen || address.isLoopback());
}

void check(const NodeOptions& options)
{
    const ServiceOptions& service = options.service;
    FUZZ_CHECK(!service.dataDir.empty());
    checkAddress(service.listen, options.allowInsecure);
    checkAddress(service.peerListen, options.allowInsecure);
    FUZZ_CHECK(!service.listen.isWildcard() && !service.peerListen.isWildcard());
    if (service.httpListen)
        checkAddress(*service.httpListen, options.allowInsecure);
    FUZZ_CHECK(std::isfinite(service.weight) && service.weight > 0 && service.weight <= 1000);
    FUZZ_CHECK(service.cacheBytes <= std::uint64_t(1) << 40);
    FUZZ_CHECK(service.core.room.bytesMax <= std::uint64_t(1) << 50);
    FUZZ_CHECK(service.clientsMax >= 1 && service.clientsMax <= 1'000'000);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byteCount)
{
    needApplication();
    QStringList arguments{QStringLiteral("quoit-node")};
    for (const std::string& line : fuzz::linesOf(fuzz::Input(data, byteCount).rest())) {
        arguments << QString::fromStdString(line);
        if (const Result<Address> address = addressFromText(line))
            checkAddress(address.value(), true);
    }
    const auto parsed = parseNodeOptions(arguments);
    if (const auto* text = std::get_if<TextAndExit>(&parsed)) {
        FUZZ_CHECK(text->text.ends_with('\n'));
        FUZZ_CHECK(text->exitCode == 0 || text->text.find("--help") != std::string::npos);
    } else {
        check(std::get<NodeOptions>(parsed));
    }
    return 0;
}
