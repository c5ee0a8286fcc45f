// console/desktop/keys_page.h - the keys by prefix, and one of them in full.
#pragma once

#include "console/desktop/key_list_model.h"
#include "console/desktop/key_panel.h"
#include "console/desktop/page.h"

#include <QCheckBox>
#include <QListView>
#include <QTimer>

namespace quoit {

class KeysPage : public Page
{
    Q_OBJECT

public:
    explicit KeysPage(Workspace& workspace, QWidget* parent = nullptr);

    QWidget* firstField() override { return m_prefix; }
    void arrange(bool isNarrow) override;
    void openKey(const QString& key);
    KeyPanel* panel() { return m_panel; }

protected:
    void refresh() override;
    void restyle() override;
    void showEvent(QShowEvent* event) override;

private:
    void browse();
    void askForNewKey();
    void showProgress();
    void onCurrentChanged(const QModelIndex& now);
    void showCurrent(const QByteArray& key);
    void forgetKey(const QByteArray& key);
    void onUndone(const QByteArray& key, bool isPresent);
    void refreshReadOnly();

    QBoxLayout* m_row;
    Card* m_listCard;
    QLineEdit* m_prefix;
    QPushButton* m_new;
    QListView* m_list;
    KeyListModel* m_model;
    QLabel* m_progress;
    QPushButton* m_stop;
    KeyPanel* m_panel;
    QTimer m_typing;
    QCheckBox* m_readOnly;
    bool m_isFollowing = false; // the list is being told what is shown: it doesn't open anything
    bool m_isBrowsed = false;
    QStringList m_browsedSeeds;
};

} // namespace quoit
