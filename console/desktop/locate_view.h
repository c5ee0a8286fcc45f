// console/desktop/locate_view.h - what is known of one key: slot, partition, and what each replica holds. Shows what it is
// given; who asks, and how often, is the page's matter.
#pragma once

#include "console/desktop/workspace.h"

#include <QWidget>

#include <map>
#include <optional>

namespace quoit {

class LocateView : public QWidget
{
    Q_OBJECT

public:
    explicit LocateView(Workspace& workspace, QWidget* parent = nullptr);

    /// Of a replica that doesn't answer, what it told last of the same key stays, with its time.
    void showReport(const LocateReport& report);
    /// @param text a problem; empty: what the view is for
    void showText(const QString& text);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    struct Told
    {
        ReplicaReport replica; ///< answered
        qint64 ms = 0;         ///< when
    };
    QString holdingText(const ReplicaReport& replica) const;
    void paintReplica(QPainter& painter, const ReplicaReport& replica, int place, double top) const;

    Workspace& m_workspace;
    std::optional<LocateReport> m_report;
    std::map<NodeId, Told> m_told; ///< of m_report's key
    QString m_text;
};

} // namespace quoit
