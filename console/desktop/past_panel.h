// console/desktop/past_panel.h - the cluster at one moment of the past, as far as it is known: who told figures, which,
// and which alerts went on. It looks only; nothing in it acts on the cluster.
#pragma once

#include "console/desktop/cards.h"

#include <QLabel>
#include <QTableWidget>

namespace quoit {

class PastPanel : public Card
{
    Q_OBJECT

public:
    /// @param workspace must outlive the panel
    explicit PastPanel(Workspace& workspace, QWidget* parent = nullptr);

    /// @param ms of history(), Unix epoch
    void show(qint64 ms);
    const QTableWidget& table() const { return *m_table; }
    QString alertsText() const { return m_alerts->text(); }

Q_SIGNALS:
    void liveWanted();

private:
    void setCell(int row, int column, const QString& text);
    QString alertsAt(qint64 ms) const;

    QTableWidget* m_table;
    QLabel* m_alerts;
};

} // namespace quoit
