#include "node/server/address.h"

#include <QHostAddress>
#include <charconv>

namespace quoit {

std::string Address::toText() const
{
    const bool isV6 = host.find(':') != std::string::npos;
    return (isV6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

bool Address::isLoopback() const
{
    return host == "localhost" || QHostAddress(QString::fromStdString(host)).isLoopback();
}

bool Address::isWildcard() const
{
    const QHostAddress address(QString::fromStdString(host));
    return address == QHostAddress::AnyIPv4 || address == QHostAddress::AnyIPv6;
}

Result<Address> addressFromText(std::string_view text)
{
    const auto wrong = [text](const char* why) {
        return Error{ErrorCode::InvalidArgument,
                     "'" + std::string(text) + "' is no address: " + why + "; write it as 127.0.0.1:7400"};
    };
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos)
        return wrong("the port is missing");
    Address address;
    const std::string_view port = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (error != std::errc() || end != port.data() + port.size())
        return wrong("the port must be a number from 0 to 65535");
    std::string_view host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string_view::npos)
        return wrong("an IPv6 address belongs into brackets");
    address.host = host;
    if (address.host != "localhost" && QHostAddress(QString::fromStdString(address.host)).isNull())
        return wrong("the host must be an IP address or localhost");
    return address;
}

} // namespace quoit
