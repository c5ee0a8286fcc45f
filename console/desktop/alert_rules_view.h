// console/desktop/alert_rules_view.h - which rules are on, and their bounds.
#pragma once

#include "console/desktop/cards.h"

#include <QCheckBox>
#include <QDoubleSpinBox>

#include <array>

namespace quoit {

class AlertRulesView : public Card
{
    Q_OBJECT

public:
    explicit AlertRulesView(Workspace& workspace, QWidget* parent = nullptr);

    void refresh();
    QCheckBox* box(AlertRule rule) const { return m_rows[std::size_t(rule)].isOn; }
    /// @return nullptr: the rule has no bound
    QDoubleSpinBox* field(AlertRule rule) const { return m_rows[std::size_t(rule)].bound; }
    QWidget* firstField() const { return m_rows[0].isOn; }
    void setDefaults();

private:
    struct Row
    {
        QCheckBox* isOn = nullptr;
        QDoubleSpinBox* bound = nullptr;
    };
    QWidget* makeRow(AlertRule rule);
    QDoubleSpinBox* makeField(AlertRule rule);
    void apply(AlertRule rule);

    std::array<Row, alertRuleCount> m_rows;
    bool m_isFilling = false;
};

} // namespace quoit
