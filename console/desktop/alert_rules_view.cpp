#include "console/desktop/alert_rules_view.h"

#include "console/desktop/alert_text.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>

#include <cmath>

namespace quoit {

namespace {

/// From the rule's base unit to the one of its field.
double scaleOf(AlertUnit unit)
{
    return unit == AlertUnit::Microseconds ? 0.001 : unit == AlertUnit::Share ? 100 : 1;
}

QString suffixOf(AlertUnit unit)
{
    switch (unit) {
    case AlertUnit::Microseconds:
    case AlertUnit::Milliseconds:
        return QStringLiteral(" ms");
    case AlertUnit::Share:
        return QStringLiteral(" %");
    case AlertUnit::Factor:
        return QStringLiteral(" ×");
    case AlertUnit::PerSecond:
        return QStringLiteral(" /s");
    case AlertUnit::State:
    case AlertUnit::Count:
        break;
    }
    return {};
}

} // namespace

AlertRulesView::AlertRulesView(Workspace& workspace, QWidget* parent)
    : Card(workspace, tr("Rules"), parent)
{
    auto* content = new QWidget;
    auto* column = new QVBoxLayout(content);
    column->setContentsMargins(0, 0, 8, 0);
    column->setSpacing(10);
    for (int i = 0; i < alertRuleCount; ++i)
        column->addWidget(makeRow(AlertRule(i)));
    column->addStretch(1);
    body()->addWidget(plainScrollArea(content), 1);
    auto* foot = new QHBoxLayout;
    auto* defaults = new QPushButton(tr("As shipped"));
    defaults->setObjectName(QStringLiteral("ruleDefaults"));
    defaults->setToolTip(tr("Turns every rule on, with the bound that it came with"));
    connect(defaults, &QPushButton::clicked, this, &AlertRulesView::setDefaults);
    foot->addStretch(1);
    foot->addWidget(defaults);
    body()->addLayout(foot);
    refresh();
}

QWidget* AlertRulesView::makeRow(AlertRule rule)
{
    Row& made = m_rows[std::size_t(rule)];
    auto* widget = new QWidget;
    auto* column = new QVBoxLayout(widget);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(1);
    auto* line = new QHBoxLayout;
    made.isOn = new QCheckBox(alertRuleTitle(rule));
    made.isOn->setAccessibleDescription(alertRuleMeaning(rule));
    connect(made.isOn, &QCheckBox::toggled, this, [this, rule] { apply(rule); });
    line->addWidget(made.isOn, 1);
    if (factsOf(rule).unit != AlertUnit::State)
        line->addWidget(made.bound = makeField(rule));
    column->addLayout(line);
    auto* meaning = new QLabel(alertRuleMeaning(rule));
    meaning->setWordWrap(true);
    meaning->setIndent(24); // below the title
    meaning->setForegroundRole(QPalette::PlaceholderText);
    column->addWidget(meaning);
    return widget;
}

QDoubleSpinBox* AlertRulesView::makeField(AlertRule rule)
{
    const AlertRuleFacts& facts = factsOf(rule);
    const double scale = scaleOf(facts.unit);
    auto* field = new QDoubleSpinBox;
    field->setDecimals(facts.unit == AlertUnit::Factor || facts.unit == AlertUnit::Microseconds ? 1 : 0);
    field->setRange(facts.boundMin * scale, facts.boundMax * scale);
    field->setSuffix(suffixOf(facts.unit));
    field->setStepType(facts.unit == AlertUnit::Share ? QAbstractSpinBox::DefaultStepType
                                                      : QAbstractSpinBox::AdaptiveDecimalStepType);
    field->setSingleStep(facts.unit == AlertUnit::Share ? 5 : 1);
    field->setGroupSeparatorShown(true);
    field->setKeyboardTracking(false);
    field->setAlignment(Qt::AlignRight);
    field->setFixedWidth(126);
    field->setFocusPolicy(Qt::StrongFocus);
    field->setAccessibleName(tr("Bound of “%1”").arg(alertRuleTitle(rule)));
    connect(field, &QDoubleSpinBox::valueChanged, this, [this, rule] { apply(rule); });
    return field;
}

void AlertRulesView::apply(AlertRule rule)
{
    if (m_isFilling)
        return;
    const Row& row = m_rows[std::size_t(rule)];
    const AlertRuleFacts& facts = factsOf(rule);
    m_workspace.alerts().setSetting(
        rule, {row.isOn->isChecked(), row.bound ? row.bound->value() / scaleOf(facts.unit) : facts.bound});
}

void AlertRulesView::setDefaults()
{
    const AlertSettings settings = defaultAlertSettings();
    for (int i = 0; i < alertRuleCount; ++i)
        m_workspace.alerts().setSetting(AlertRule(i), settings[std::size_t(i)]);
    refresh();
}

void AlertRulesView::refresh()
{
    m_isFilling = true;
    for (int i = 0; i < alertRuleCount; ++i) {
        const AlertRuleSetting& setting = m_workspace.alerts().settings()[std::size_t(i)];
        const Row& row = m_rows[std::size_t(i)];
        row.isOn->setChecked(setting.isOn);
        if (!row.bound)
            continue;
        row.bound->setEnabled(setting.isOn);
        const double shown = setting.bound * scaleOf(factsOf(AlertRule(i)).unit);
        // Not while somebody types into it.
        if (!row.bound->hasFocus() && std::abs(row.bound->value() - shown) > 1e-9)
            row.bound->setValue(shown);
    }
    m_isFilling = false;
}

} // namespace quoit
