#include "console/desktop/change_stage.h"

#include <QShortcut>

#include <algorithm>
#include <array>

namespace quoit {

namespace {

using Kind = ChangeStep::Kind;

constexpr int listHeightMin = 64;
constexpr int listHeightMax = 110;
constexpr std::array kinds = {Kind::Join,   Kind::Leave, Kind::Remove,  Kind::Replace,
                              Kind::Weight, Kind::Zone,  Kind::Replicas};

QString kindText(Kind kind)
{
    switch (kind) {
    case Kind::Join:
        return ChangeStage::tr("A node joins");
    case Kind::Leave:
        return ChangeStage::tr("A node leaves");
    case Kind::Remove:
        return ChangeStage::tr("Remove a dead node");
    case Kind::Replace:
        return ChangeStage::tr("Replace a node");
    case Kind::Weight:
        return ChangeStage::tr("Change a weight");
    case Kind::Zone:
        return ChangeStage::tr("Change a zone");
    case Kind::Replicas:
        return ChangeStage::tr("Change the number of replicas");
    }
    return {};
}

bool needsNode(Kind kind)
{
    return kind != Kind::Join && kind != Kind::Replicas;
}

bool needsAddress(Kind kind)
{
    return kind == Kind::Join || kind == Kind::Replace;
}

/// One change can't do both.
bool isSameMatter(const StagedStep& one, const StagedStep& other)
{
    if (needsAddress(one.kind) && needsAddress(other.kind) && one.address == other.address)
        return true;
    return one.kind != Kind::Join && one.kind == other.kind && one.node == other.node;
}

} // namespace

ChangeStage::ChangeStage(Workspace& workspace, QWidget* parent)
    : Card(workspace, tr("Steps of a change"), parent)
{
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum); // what is left over is for earlier changes
    body()->addLayout(makeForm());
    const auto problem = [this](const char* name) {
        auto* label = new QLabel;
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
        label->setObjectName(QLatin1String(name));
        label->hide();
        body()->addWidget(label);
        return label;
    };
    m_fieldProblem = problem("fieldProblem");
    m_hint = new QLabel;
    m_hint->setWordWrap(true);
    m_hint->setForegroundRole(QPalette::PlaceholderText);
    body()->addWidget(m_hint);
    m_add = new QPushButton(tr("Add step"));
    m_add->setObjectName(QStringLiteral("addStep"));
    m_add->setToolTip(tr("Several steps make one change: they take effect together"));
    connect(m_add, &QPushButton::clicked, this, &ChangeStage::addFromForm);
    body()->addWidget(m_add);
    m_list = new QListWidget;
    m_list->setAccessibleName(tr("Staged steps"));
    m_list->setWordWrap(true);
    m_list->setMinimumHeight(listHeightMin);
    m_list->setToolTip(tr("What the change consists of. Del takes a step out."));
    connect(new QShortcut(QKeySequence::Delete, m_list, nullptr, nullptr, Qt::WidgetShortcut), &QShortcut::activated,
            this, &ChangeStage::removeCurrent);
    connect(m_list, &QListWidget::currentRowChanged, this, [this](int row) { m_remove->setEnabled(row >= 0); });
    body()->addWidget(m_list);
    m_underStrength = new QCheckBox(tr("Fewer nodes than replicas"));
    m_underStrength->setObjectName(QStringLiteral("underStrength"));
    m_underStrength->setToolTip(tr("These steps leave fewer nodes than each key has replicas. With this, keys run with fewer copies until nodes join."));
    connect(m_underStrength, &QCheckBox::toggled, this, &ChangeStage::underStrengthChanged);
    body()->addWidget(m_underStrength);
    body()->addLayout(makeFoot());
    m_problem = problem("planProblem");
    showFields();
    showSteps();
    restyle();
}

QFormLayout* ChangeStage::makeForm()
{
    m_form = new QFormLayout;
    m_form->setSpacing(8);
    m_form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    m_kind = new QComboBox;
    for (const Kind each : kinds)
        m_kind->addItem(kindText(each), int(each));
    m_kind->setAccessibleName(tr("Kind of step"));
    connect(m_kind, &QComboBox::currentIndexChanged, this, &ChangeStage::showFields);
    m_node = new QComboBox;
    m_node->setAccessibleName(tr("Node that the step is about"));
    m_address = new QLineEdit;
    m_address->setObjectName(QStringLiteral("newAddress"));
    m_address->setPlaceholderText(QStringLiteral("127.0.0.1:7405"));
    m_address->setAccessibleName(tr("Address of the new node"));
    m_address->setToolTip(tr("Where the new node listens for clients. It runs already, with an empty folder."));
    m_weight = new QDoubleSpinBox;
    m_weight->setRange(0.01, 100);
    m_weight->setSingleStep(0.25);
    m_weight->setValue(1);
    m_weight->setAccessibleName(tr("Weight"));
    m_zone = new QLineEdit;
    m_zone->setPlaceholderText(tr("none"));
    m_zone->setAccessibleName(tr("Zone"));
    m_replicas = new QSpinBox;
    m_replicas->setRange(1, int(replicaCountMax));
    m_replicas->setValue(3);
    m_replicas->setAccessibleName(tr("Number of replicas"));
    m_form->addRow(tr("&What"), m_kind);
    m_form->addRow(tr("&Node"), m_node);
    m_form->addRow(tr("&Address"), m_address);
    m_form->addRow(tr("Wei&ght"), m_weight);
    m_form->addRow(tr("&Zone"), m_zone);
    m_form->addRow(tr("&Replicas"), m_replicas);
    for (QLineEdit* edit : {m_address, m_zone}) {
        connect(edit, &QLineEdit::returnPressed, this, &ChangeStage::addFromForm);
        connect(edit, &QLineEdit::textEdited, this, [this] { say(m_fieldProblem, {}); });
    }
    return m_form;
}

QLayout* ChangeStage::makeFoot()
{
    auto* foot = new QHBoxLayout;
    m_remove = new QPushButton(tr("Take out"));
    m_remove->setProperty("kind", QStringLiteral("quiet"));
    m_remove->setToolTip(tr("Take the selected step out (Del)"));
    connect(m_remove, &QPushButton::clicked, this, &ChangeStage::removeCurrent);
    m_plan = new QPushButton(tr("Plan"));
    m_plan->setProperty("kind", QStringLiteral("primary"));
    m_plan->setObjectName(QStringLiteral("plan"));
    m_plan->setToolTip(tr("Ask what it comes to. Nothing happens to the ring."));
    connect(m_plan, &QPushButton::clicked, this, &ChangeStage::planWanted);
    foot->addWidget(m_remove);
    foot->addStretch(1);
    foot->addWidget(m_plan);
    return foot;
}

ChangeStep::Kind ChangeStage::kind() const
{
    return Kind(m_kind->currentData().toInt());
}

void ChangeStage::showFields()
{
    const Kind now = kind();
    say(m_fieldProblem, {});
    m_form->setRowVisible(m_node, needsNode(now));
    m_form->setRowVisible(m_address, needsAddress(now));
    m_form->setRowVisible(m_weight, now == Kind::Weight);
    m_form->setRowVisible(m_zone, now == Kind::Zone);
    m_form->setRowVisible(m_replicas, now == Kind::Replicas);
    m_hint->setText(now == Kind::Join      ? tr("It receives its share of the data; nothing else moves.")
                    : now == Kind::Leave   ? tr("It hands over what it holds, then stops by itself.")
                    : now == Kind::Remove  ? tr("For one that is down for good. The others copy from what is left.")
                    : now == Kind::Replace ? tr("The new node takes the old one's place on the ring.")
                    : now == Kind::Weight  ? tr("Its share of the data, where 1 is usual.")
                    : now == Kind::Zone    ? tr("Replicas of a partition lie in as many zones as possible.")
                                           : tr("How many nodes hold each key: a majority of them has to be up."));
}

void ChangeStage::refresh()
{
    showUnderStrength();
    const ClusterSnapshot& snapshot = m_workspace.live();
    const bool isSame = [&] {
        if (m_node->count() != int(snapshot.nodes.size()))
            return false;
        for (int i = 0; i < m_node->count(); ++i)
            if (m_node->itemData(i).toUInt() != snapshot.nodes[std::size_t(i)].id)
                return false;
        return true;
    }();
    if (isSame)
        return;
    const QVariant chosen = m_node->currentData();
    m_node->clear();
    for (const NodeReport& node : snapshot.nodes)
        m_node->addItem(node.name.empty() ? tr("node %1").arg(node.id) : QString::fromStdString(node.name), node.id);
    m_node->setCurrentIndex(std::max(0, m_node->findData(chosen)));
    if (snapshot.map)
        m_replicas->setValue(int(snapshot.map->replicaCount()));
}

void ChangeStage::prepare(Kind wanted, NodeId node)
{
    refresh();
    m_kind->setCurrentIndex(m_kind->findData(int(wanted)));
    if (const int row = m_node->findData(node); row >= 0)
        m_node->setCurrentIndex(row);
    (needsAddress(wanted) ? static_cast<QWidget*>(m_address) : m_add)->setFocus();
}

void ChangeStage::addFromForm()
{
    StagedStep step;
    step.kind = kind();
    if (needsNode(step.kind)) {
        step.node = m_node->currentData().toUInt();
        step.nodeName = m_node->currentText();
        if (step.node == noNode)
            return say(m_fieldProblem, tr("Choose a node."));
    }
    if (needsAddress(step.kind)) {
        const QString text = m_address->text().trimmed();
        const auto address = parseHostPort(text);
        if (!address)
            return say(m_fieldProblem, text.isEmpty()
                                           ? tr("Say where the new node listens, for example 127.0.0.1:7405.")
                                           : tr("%1 is no address. Say host:port, without spaces and with a port from 1 to 65535, "
                                                "for example 127.0.0.1:7405.").arg(text));
        step.address = address->toString();
    }
    step.weight = m_weight->value();
    step.zone = m_zone->text().trimmed();
    step.replicas = m_replicas->value();
    if (const auto other = std::ranges::find_if(m_steps, [&](const StagedStep& each) { return isSameMatter(step, each); });
        other != m_steps.end())
        return say(m_fieldProblem, tr("There is such a step already: %1. Take it out first, or say something else.").arg(other->text()));
    m_address->clear();
    addStep(step);
}

void ChangeStage::addStep(const StagedStep& step)
{
    setProblem({});
    m_steps.push_back(step);
    showSteps();
    m_list->setCurrentRow(m_list->count() - 1);
    Q_EMIT stepsChanged();
}

void ChangeStage::removeCurrent()
{
    const int row = m_list->currentRow();
    if (row < 0 || row >= int(m_steps.size()))
        return;
    m_steps.erase(m_steps.begin() + row);
    setProblem({});
    showSteps();
    Q_EMIT stepsChanged();
}

void ChangeStage::clear()
{
    m_steps.clear();
    setProblem({});
    showSteps();
    Q_EMIT stepsChanged();
}

void ChangeStage::showSteps()
{
    say(m_fieldProblem, {});
    m_list->clear();
    for (const StagedStep& step : m_steps)
        m_list->addItem(step.text());
    int height = 2 * m_list->frameWidth();
    for (int row = 0; row < m_list->count(); ++row)
        height += m_list->sizeHintForRow(row);
    m_list->setMaximumHeight(std::clamp(height, listHeightMin, listHeightMax));
    m_remove->setEnabled(m_list->currentRow() >= 0);
    m_plan->setEnabled(!m_steps.empty() && !m_isBusy);
    showUnderStrength();
}

/// As far as the present members tell: the nodes decide.
bool ChangeStage::leavesTooFew() const
{
    const ClusterMapPtr& map = m_workspace.live().map;
    if (!map)
        return false;
    int nodes = int(map->parts().members.size());
    int replicas = int(map->replicaCount());
    const bool wasEnough = nodes >= replicas;
    for (const StagedStep& step : m_steps) {
        nodes += step.kind == Kind::Join;
        nodes -= step.kind == Kind::Leave || step.kind == Kind::Remove;
        if (step.kind == Kind::Replicas)
            replicas = step.replicas;
    }
    return wasEnough && nodes < replicas;
}

void ChangeStage::showUnderStrength()
{
    const bool isAsked = leavesTooFew();
    m_underStrength->setVisible(isAsked);
    if (!isAsked)
        m_underStrength->setChecked(false);
}

void ChangeStage::setBusy(bool isBusy)
{
    m_isBusy = isBusy;
    m_plan->setText(isBusy ? tr("Planning…") : tr("Plan"));
    m_plan->setEnabled(!m_steps.empty() && !isBusy);
}

void ChangeStage::setProblem(const QString& text)
{
    say(m_problem, text);
}

void ChangeStage::say(QLabel* label, const QString& text)
{
    label->setText(text);
    label->setVisible(!text.isEmpty());
}

void ChangeStage::restyle()
{
    m_add->setIcon(themedIcon(QStringLiteral("plus"), m_workspace.theme()));
    for (QLabel* label : {m_fieldProblem, m_problem}) {
        QPalette palette = label->palette();
        palette.setColor(QPalette::WindowText, m_workspace.theme().down);
        label->setPalette(palette);
    }
}

} // namespace quoit
