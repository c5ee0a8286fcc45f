// console/desktop/alert_details.h - one alert: what broke, what to do, its chart, and what can be done about it here.
#pragma once

#include "console/desktop/alert_text.h"
#include "console/desktop/cards.h"
#include "console/desktop/time_series_view.h"

#include <QLabel>
#include <QPushButton>

#include <optional>

namespace quoit {

class AlertDetails : public Card
{
    Q_OBJECT

public:
    explicit AlertDetails(Workspace& workspace, QWidget* parent = nullptr);

    /// @param alert nothing: none is selected
    void show(const std::optional<Alert>& alert);
    const std::optional<Alert>& alert() const { return m_alert; }
    void restyle();
    /// In the time zone of this machine. @param ms 0: wakes it
    void snoozeFor(qint64 ms);

Q_SIGNALS:
    void chartWanted(quoit::Metric metric, quoit::NodeId node, qint64 ms);
    void nodeWanted(quoit::NodeId node);
    /// @param key to be pinned there; empty: none
    void ringWanted(const std::string& key);

private:
    QWidget* makeActions();
    void showChart();
    QString facts() const;

    std::optional<Alert> m_alert;
    QLabel* m_title;
    QLabel* m_facts;
    QLabel* m_advice;
    QLabel* m_empty; ///< while no alert is selected
    QWidget* m_chartPlace;
    TimeSeriesView* m_chart = nullptr; ///< nullptr: the rule has none
    std::optional<Metric> m_chartMetric;
    QPushButton* m_acknowledge;
    QPushButton* m_snooze;
    QPushButton* m_toChart;
    QPushButton* m_toNode;
    QPushButton* m_toRing;
    QWidget* m_actions;
};

} // namespace quoit
