// console/terminal/session.h - one command's conversation with the cluster: connects, asks, and says why it didn't
// work. Sockets are shared/client's; here are only patience and sentences.
#pragma once

#include "console/terminal/output.h"
#include "shared/client/cluster_client.h"

#include <QObject>
#include <QString>

#include <optional>
#include <string>
#include <vector>

namespace quoit::terminal {

class Session : public QObject
{
    Q_OBJECT

public:
    static constexpr const char* clusterAdvice = "Is a node running there? Another address is given by -c HOST:PORT; "
                                                 "\"quoit dev\" starts a cluster on this machine.";

    /// @param output must outlive the session @param advice what to do if there is no connection
    Session(const Options& options, Output& output, const char* advice = clusterAdvice);

    /// Waits until some node answers. @return false, after a sentence on standard error, when none does
    bool connectToCluster();

    /// Asks and waits, at most 5 s. For commands that may be repeated without harm, and for those that are sent once.
    /// @return nothing after a sentence on standard error: exit with failure()
    std::optional<RespValue> ask(const std::vector<std::string>& arguments, bool idempotent = true);
    /// What to exit with after ask() gave nothing.
    int failure() const { return m_failure; }

    ClusterClient& client() { return m_client; }
    Output& output() { return m_output; }
    /// As the user gave it.
    const std::string& address() const { return m_address; }

    /// "quoit: text", and exitNotDone.
    int refuse(const std::string& text);

private:
    void complainOfConnection(const QString& reason);

    ClusterClient m_client;
    Output& m_output;
    const std::string m_address;
    const char* const m_advice;
    int m_failure = exitDone;
};

} // namespace quoit::terminal
