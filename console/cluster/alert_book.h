// console/cluster/alert_book.h - the alerts of the cluster that is shown: those that go on, those that ended, who has
// seen them, and what is set of the rules. Alerts lie in a small file, so that a restart keeps them; settings in Settings.
#pragma once

#include "console/cluster/alert_watch.h"
#include "console/cluster/json_file.h"
#include "console/cluster/settings.h"

#include <QObject>

#include <vector>

namespace quoit {

class AlertBook : public QObject
{
    Q_OBJECT

public:
    static constexpr std::size_t endedMax = 500; ///< kept, of all clusters together

    /// Reads the file. @param fileName may not exist yet; empty: nothing is kept beyond this object
    /// @param settings borrowed; must outlive this
    AlertBook(QString fileName, Settings& settings, QObject* parent = nullptr);

    /// Judges a report. The first one with a map says whose alerts are shown.
    void follow(const ClusterSnapshot& snapshot);
    /// Forgets which cluster is shown; its alerts stay in the file.
    void leave();

    /// Go on, the latest begun last.
    const std::vector<Alert>& active() const { return m_watch.active(); }
    /// The latest ended first.
    std::vector<Alert> ended() const;
    /// As they were at a moment, as far as they are kept: what ended or was acknowledged later goes on, or waits. Of
    /// figures only the worst is kept, and not since when an alert was snoozed.
    struct Then
    {
        std::vector<Alert> active; ///< the latest begun last
        std::vector<Alert> ended;  ///< the latest ended first
    };
    Then at(qint64 ms) const;
    /// Active ones that nobody has acknowledged or snoozed.
    int waitingCount() const;
    /// Active ones that aren't snoozed.
    int shownCount() const;
    /// Of the active ones that aren't snoozed; Warning if there are none.
    AlertLevel worstLevel() const;

    void acknowledge(quint64 number);
    void acknowledgeAll();
    /// @param untilMs Unix epoch; 0: wakes it
    void snooze(quint64 number, qint64 untilMs);

    const AlertSettings& settings() const { return m_watch.settings(); }
    void setSetting(AlertRule rule, AlertRuleSetting setting);
    /// Of the file, as JsonFile::trouble().
    const QString& trouble() const { return m_file.trouble(); }

Q_SIGNALS:
    /// Alerts began, ended, or were acknowledged or snoozed; or a rule was set.
    void changed();
    /// Figures of active ones alone.
    void figuresChanged();
    /// Want to be noticed: they began, or their snooze is over. Not those that a restart found again.
    void raised(const std::vector<quoit::Alert>& alerts);

private:
    struct Kept
    {
        QString clusterId;
        Alert alert;
    };
    void open(const QString& clusterId);
    bool wake(std::vector<Alert>& raised);
    void inheritSnooze(Alert& alert) const;
    void load();
    void save();

    JsonFile m_file;
    Settings& m_settings;
    AlertWatch m_watch;
    QString m_clusterId;       ///< whose alerts are in m_watch; empty: nobody's
    std::vector<Kept> m_kept;  ///< ended ones of all clusters, oldest first, and active ones of clusters that aren't shown
    quint64 m_lastNumber = 0;
    qint64 m_lastMs = 0;
};

} // namespace quoit
