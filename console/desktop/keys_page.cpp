#include "console/desktop/keys_page.h"

#include "console/desktop/sheet.h"

#include <QButtonGroup>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPainter>
#include <QScopedValueRollback>
#include <QStyledItemDelegate>

namespace quoit {

namespace {

constexpr int typingMs = 250;
constexpr int listWidthMin = 220;
constexpr int listWidthMax = 330;
constexpr auto treeName = "keys/isTree";
constexpr auto separatorName = "keys/separator";

/// A key, and a dot if it was edited and not saved.
class KeyDelegate : public QStyledItemDelegate
{
public:
    KeyDelegate(Workspace& workspace, QObject* parent)
        : QStyledItemDelegate(parent)
        , m_workspace(workspace)
    {}

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        QStyledItemDelegate::paint(painter, option, index);
        if (!m_workspace.drafts().contains(index.data(KeyListModel::KeyRole).toByteArray()))
            return;
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        painter->setBrush(m_workspace.theme().accent);
        painter->drawEllipse(QPointF(option.rect.right() - 10, option.rect.center().y() + 0.5), 4, 4);
        painter->restore();
    }

private:
    Workspace& m_workspace;
};

/// Qt marks the first row of a view that is come to. Nobody has chosen it: it isn't opened.
class KeyListView : public QListView
{
public:
    explicit KeyListView(bool& isFollowing)
        : m_isFollowing(isFollowing)
    {}

protected:
    void focusInEvent(QFocusEvent* event) override
    {
        const QScopedValueRollback<bool> following(m_isFollowing, true);
        QListView::focusInEvent(event);
    }

private:
    bool& m_isFollowing;
};

} // namespace

KeysPage::KeysPage(Workspace& workspace, QWidget* parent)
    : Page(workspace, tr("Keys"), QStringLiteral("keys"), Time::Present, parent)
{
    m_row = new QHBoxLayout(this);
    m_row->setContentsMargins(20, 16, 20, 20);
    m_row->setSpacing(12);
    m_listCard = new Card(workspace, {});
    auto* top = new QHBoxLayout;
    m_prefix = new QLineEdit;
    m_prefix->setPlaceholderText(tr("Prefix, or user:*:name"));
    m_prefix->setToolTip(tr("Keys that begin with this, or that fit a pattern with *, ? or [a-z]"));
    m_prefix->setAccessibleName(tr("Prefix or pattern of keys"));
    m_prefix->setClearButtonEnabled(true);
    m_new = new QPushButton(tr("New"));
    connect(m_new, &QPushButton::clicked, this, &KeysPage::askForNewKey);
    top->addWidget(m_prefix, 1);
    top->addWidget(m_new);
    m_listCard->body()->addLayout(top);
    m_listCard->body()->addLayout(makeViewBar());
    makeViews();
    auto* foot = new QHBoxLayout;
    m_progress = new QLabel;
    m_stop = new QPushButton(tr("Stop"));
    m_stop->setProperty("kind", QStringLiteral("quiet"));
    m_goOn = new QPushButton(tr("Load on"));
    m_goOn->setProperty("kind", QStringLiteral("quiet"));
    foot->addWidget(m_progress, 1);
    foot->addWidget(m_stop);
    foot->addWidget(m_goOn);
    m_listCard->body()->addLayout(foot);
    m_readOnly = new QCheckBox(tr("Read only"));
    connect(m_readOnly, &QCheckBox::toggled, &workspace, &Workspace::setReadOnly);
    m_listCard->body()->addWidget(m_readOnly);
    m_row->addWidget(m_listCard);
    m_panel = new KeyPanel(workspace);
    m_row->addWidget(m_panel, 1);

    m_typing.setSingleShot(true);
    connect(&m_typing, &QTimer::timeout, this, &KeysPage::browse);
    connect(m_prefix, &QLineEdit::textChanged, this, [this] { m_typing.start(typingMs); });
    connectBrowser();
    connect(&workspace, &Workspace::readOnlyChanged, this, &KeysPage::refreshReadOnly);
    connect(&workspace.monitor(), &ClusterMonitor::stateChanged, this, [this] {
        if (m_workspace.monitor().state() == PictureState::Disconnected)
            m_panel->clear();
    });
    setTree(workspace.settings().value(QLatin1String(treeName), false).toBool());
    refreshReadOnly();
    restyle();
    arrange(false);
}

QLayout* KeysPage::makeViewBar()
{
    auto* bar = new QHBoxLayout;
    auto* choice = new QButtonGroup(this);
    const auto add = [&](const QString& text, const QString& tip, bool isTree) {
        auto* button = new QPushButton(text);
        button->setCheckable(true);
        button->setToolTip(tip);
        choice->addButton(button);
        bar->addWidget(button);
        connect(button, &QPushButton::clicked, this, [this, isTree] { setTree(isTree); });
        return button;
    };
    m_asList = add(tr("List"), tr("One key below the other, as they are found; it loads on as you scroll"), false);
    m_asTree = add(tr("Tree"), tr("By what keys begin with, ordered by name; all keys are loaded"), true);
    bar->addStretch(1);
    m_separatorTitle = new QLabel(tr("Separator"));
    m_separator =
        new QLineEdit(m_workspace.settings().value(QLatin1String(separatorName), QStringLiteral(":")).toString());
    m_separator->setToolTip(tr("What stands between the parts of a key; one or more characters"));
    m_separator->setAccessibleName(tr("Separator of the parts of a key"));
    m_separator->setObjectName(QStringLiteral("separator"));
    m_separator->setFixedWidth(52);
    m_separatorTitle->setBuddy(m_separator);
    bar->addWidget(m_separatorTitle);
    bar->addWidget(m_separator);
    return bar;
}

void KeysPage::makeViews()
{
    m_views = new QStackedWidget;
    m_model = new KeyListModel(m_workspace.browser(), this);
    m_list = new KeyListView(m_isFollowing);
    m_list->setModel(m_model);
    m_list->setItemDelegate(new KeyDelegate(m_workspace, this));
    m_list->setTextElideMode(Qt::ElideMiddle);
    m_list->setUniformItemSizes(true);
    m_list->setAccessibleName(tr("Keys"));
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_views->addWidget(m_list);
    m_tree = new KeyTreeView(m_workspace);
    m_views->addWidget(m_tree);
    m_listCard->body()->addWidget(m_views, 1);
    setSeparator(m_separator->text());
}

void KeysPage::connectBrowser()
{
    KeyBrowser& browser = m_workspace.browser();
    connect(m_stop, &QPushButton::clicked, &browser, &KeyBrowser::stop);
    connect(m_goOn, &QPushButton::clicked, this, &KeysPage::goOn);
    connect(m_separator, &QLineEdit::textChanged, this, &KeysPage::setSeparator);
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, &KeysPage::onCurrentChanged);
    connect(m_list, &QListView::clicked, this, &KeysPage::onCurrentChanged);
    connect(m_list, &QListView::activated, this,
            [this](const QModelIndex& index) { m_panel->open(m_model->keyAt(index.row())); });
    connect(m_tree, &KeyTreeView::keyChosen, this, [this](const QByteArray& key) {
        if (key != m_panel->key())
            m_panel->open(key);
    });
    connect(m_tree, &KeyTreeView::keyActivated, m_panel, &KeyPanel::open);
    connect(&browser, &KeyBrowser::progressed, this, &KeysPage::showProgress);
    connect(m_panel, &KeyPanel::keyWritten, &browser, &KeyBrowser::noteKey);
    connect(m_panel, &KeyPanel::keyDeleted, this, &KeysPage::forgetKey);
    connect(&m_workspace.keyUndo(), &KeyUndo::undone, this, &KeysPage::onUndone);
    connect(&m_workspace.drafts(), &KeyDrafts::changed, m_list->viewport(), qOverload<>(&QWidget::update));
}

void KeysPage::setTree(bool isTree)
{
    m_isTree = isTree;
    m_workspace.settings().setValue(QLatin1String(treeName), isTree);
    (isTree ? m_asTree : m_asList)->setChecked(true);
    m_separatorTitle->setVisible(isTree);
    m_separator->setVisible(isTree);
    m_views->setCurrentIndex(isTree);
    if (m_isBrowsed && isTree)
        goOn();
    if (!m_panel->key().isEmpty())
        showCurrent(m_panel->key());
    showProgress();
}

/// An empty one would separate nothing: the last one stays in force.
void KeysPage::setSeparator(const QString& separator)
{
    if (separator.isEmpty())
        return;
    m_workspace.settings().setValue(QLatin1String(separatorName), separator);
    m_tree->setSeparator(separator.toUtf8());
}

void KeysPage::goOn()
{
    if (m_isTree)
        m_workspace.browser().fetchAll();
    else
        m_workspace.browser().fetchMore();
}

void KeysPage::arrange(bool isNarrow)
{
    m_row->setDirection(isNarrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    m_listCard->setMinimumWidth(listWidthMin);
    m_listCard->setMaximumWidth(isNarrow ? QWIDGETSIZE_MAX : listWidthMax);
    m_listCard->setMinimumHeight(240);
    m_panel->setMinimumHeight(300);
}

void KeysPage::restyle()
{
    m_new->setIcon(themedIcon(QStringLiteral("plus"), m_workspace.theme()));
    m_list->setFont(m_workspace.theme().mono);
    m_tree->setFont(m_workspace.theme().mono);
    m_panel->restyle();
}

void KeysPage::showEvent(QShowEvent* event)
{
    Page::showEvent(event);
    if (!m_isBrowsed)
        browse();
}

void KeysPage::refresh()
{
    // Another cluster has other keys.
    if (m_browsedSeeds != m_workspace.monitor().seeds())
        browse();
    showProgress();
}

void KeysPage::browse()
{
    m_isBrowsed = true;
    m_browsedSeeds = m_workspace.monitor().seeds();
    m_workspace.browser().browse(m_prefix->text().toUtf8());
    if (m_isTree)
        goOn();
}

void KeysPage::openBytes(const QByteArray& key)
{
    showCurrent(key);
    m_panel->open(key);
}

/// Marks a key where it is listed, or none if it isn't there; nothing is opened.
void KeysPage::showCurrent(const QByteArray& key)
{
    if (m_isTree)
        return m_tree->showKey(key);
    m_isFollowing = true;
    const qsizetype row = m_workspace.browser().keys().indexOf(key);
    if (row >= 0)
        m_list->setCurrentIndex(m_model->index(int(row)));
    else
        m_list->selectionModel()->clear();
    m_isFollowing = false;
}

void KeysPage::onCurrentChanged(const QModelIndex& now)
{
    if (!m_isFollowing && now.isValid() && m_model->keyAt(now.row()) != m_panel->key())
        m_panel->open(m_model->keyAt(now.row()));
}

/// The list would move on to the next key, which isn't the one that is shown.
void KeysPage::forgetKey(const QByteArray& key)
{
    m_isFollowing = true;
    if (m_model->keyAt(m_list->currentIndex().row()) == key)
        m_list->selectionModel()->clear();
    m_workspace.browser().forgetKey(key);
    m_isFollowing = false;
}

void KeysPage::onUndone(const QByteArray& key, bool isPresent)
{
    if (isPresent)
        m_workspace.browser().noteKey(key);
    else
        forgetKey(key);
    if (m_panel->key() != key)
        return;
    showCurrent(key);
    m_panel->open(key);
}

void KeysPage::refreshReadOnly()
{
    const QString whyNot = m_workspace.whyNotChange();
    m_readOnly->setChecked(m_workspace.isReadOnlyChosen());
    m_readOnly->setEnabled(whyNot.isEmpty());
    m_readOnly->setToolTip(whyNot.isEmpty() ? tr("Nothing here writes to this cluster. Kept for this cluster.") : whyNot);
    m_new->setEnabled(!m_workspace.isReadOnly());
    m_new->setToolTip(whyNot.isEmpty() ? tr("Make a new key") : whyNot);
}

void KeysPage::askForNewKey()
{
    auto* sheet = new Sheet(tr("New key"), {}, this);
    sheet->setObjectName(QStringLiteral("newKey"));
    auto* field = new QLineEdit(KeyBrowser::isPattern(m_prefix->text().toUtf8()) ? QString() : m_prefix->text());
    field->setAccessibleName(tr("Key"));
    field->setPlaceholderText(tr("Its name"));
    sheet->addWidget(field);
    QPushButton* make = sheet->addButton(tr("Make"), Sheet::Button::Primary, [this, field] {
        const QByteArray key = field->text().toUtf8();
        showCurrent(key);
        m_panel->openNew(key);
    });
    const auto refresh = [field, make] { make->setEnabled(!field->text().isEmpty()); };
    connect(field, &QLineEdit::textChanged, make, refresh);
    refresh();
    field->setFocus();
    sheet->open();
}

void KeysPage::showProgress()
{
    const KeyBrowser& browser = m_workspace.browser();
    m_stop->setVisible(browser.isLooking());
    m_goOn->setVisible(m_isTree && !browser.isLooking() && browser.canFetchMore());
    if (!browser.trouble().isEmpty())
        return m_progress->setText(browser.trouble());
    const QString loaded = countText(browser.keys().size());
    if (browser.isComplete())
        m_progress->setText((browser.keys().size() == 1   ? tr("1 key")
                             : browser.prefix().isEmpty() ? tr("%1 keys").arg(loaded)
                                                          : tr("%1 keys, all found").arg(loaded)));
    else if (const auto count = browser.keyCount())
        m_progress->setText(browser.prefix().isEmpty() ? tr("%1 of about %2 loaded").arg(loaded, countText(*count))
                                                       : tr("%1 found among about %2").arg(loaded, countText(*count)));
    else
        m_progress->setText(tr("%1 loaded").arg(loaded));
}

} // namespace quoit
