#include "subject/custody/own_custodian.h"

#include <span>

#include "core/job.h"
#include "subject/custody/collector.h"

namespace eunomia::subject {

namespace {

std::vector<holding> places_of_ours() {
  constexpr const char* kept = "until they are erased, as they are when nothing else is kept of them any more";
  constexpr const char* for_ever = "for ever";
  return {
      {store_kind::sql_table,
       "subject_identifier",
       data_about::data_subjects,
       "The identifiers of people, sealed with the key of the person, found by a keyed digest.",
       {"identifiers"},
       {},
       kept,
       "rows are deleted, and SQLite's log is emptied; copies open no more once their key's epoch is destroyed"},
      {store_kind::sql_table,
       "subject_key",
       data_about::data_subjects,
       "The key of each person, wrapped with that of an epoch.",
       {"keys"},
       {},
       kept,
       "rows are deleted, and SQLite's log is emptied; copies open no more once their epoch is destroyed",
       "A key says nothing about you: what it seals is in the other parts, as it reads. Handed out, it would open "
       "copies "
       "that were stolen."},
      {store_kind::sql_table,
       "subject_directory",
       data_about::nobody,
       "The next handle, and the number of erasures.",
       {},
       {},
       for_ever,
       ""},
      {store_kind::sql_table,
       "subject_vault",
       data_about::nobody,
       "Which keyring opens the keys, and the current epoch.",
       {},
       {},
       for_ever,
       ""},
      {store_kind::sql_table,
       "purpose_definition",
       data_about::nobody,
       "The purposes there are, and what notices of them say; every version.",
       {},
       {},
       for_ever,
       ""},
      {store_kind::sql_table,
       "purpose_decision",
       data_about::operators,
       "Decisions that data collected for one purpose may be used for another: who decided, and why.",
       {"decisions"},
       {},
       for_ever,
       "a decision names an office"},
      {store_kind::sql_table,
       "purpose_choice",
       data_about::data_subjects,
       "Consents and objections that stand, under handles.",
       {"choices"},
       {},
       kept,
       "rows are deleted, after everything else"},
      {store_kind::sql_table,
       "purpose_restriction",
       data_about::data_subjects,
       "Restrictions that stand, under handles.",
       {"choices"},
       {},
       kept,
       "rows are deleted, after everything else"},
      {store_kind::sql_table,
       "purpose_choice_evidence",
       data_about::data_subjects,
       "When somebody chose what, and which version of the notice they had before them, under handles.",
       {"choices"},
       {},
       kept,
       "rows are deleted, after everything else"},
      {store_kind::memory,
       "admissions",
       data_about::data_subjects,
       "Who may not be read for each purpose, or who may, under handles.",
       {"choices"},
       {},
       "until the process ends",
       "read anew with the request",
       "A copy of your choices, which are in the archive."},
      {store_kind::sql_table,
       "audit_entry",
       data_about::data_subjects,
       "Who did what, when, to whose data: people by a pseudonym that only their key makes, callers by the label of "
       "their token.",
       {"audit"},
       {},
       for_ever,
       "entries stay, because each carries the hash of the one before; with the key nothing leads to the person"},
      {store_kind::sql_table,
       "subject_request",
       data_about::data_subjects,
       "What people asked for: when, how far it is, what was done and its certificate. Until it is done the "
       "handles, and of an erasure, sealed with a key of the case, the identifiers.",
       {"requests"},
       {},
       "what leads to people: until it is done; the rest for ever",
       "handles, sealed identifiers and the key of the case are deleted in the transaction that certifies it",
       "Nothing leads from you to a request that was done. What you asked for, and when, is in the log, which is in "
       "the "
       "archive."},
      {store_kind::sql_table,
       "subject_withheld",
       data_about::data_subjects,
       "Keyed digests of the identifiers of people whose erasure is under way, so that no file which came before they "
       "asked brings them back.",
       {"identifiers"},
       {},
       "until the erasure is completed",
       "rows are deleted in the transaction that certifies it",
       "It names only who is being erased, and nothing leads from you to it."},
      {store_kind::sql_table,
       "subject_follow_up",
       data_about::nobody,
       "The second certificates of erasures that left something for later, once it came true, and which wait for one.",
       {},
       {},
       for_ever,
       ""},
      {store_kind::sql_table,
       "subject_retention_run",
       data_about::nobody,
       "When data past their time were taken out, by which rules, and how much it was.",
       {},
       {},
       for_ever,
       ""},
      {store_kind::sql_table,
       "audit_head",
       data_about::nobody,
       "The newest hash of the audit log.",
       {},
       {},
       for_ever,
       ""},
      {store_kind::sql_table,
       "audit_checkpoint",
       data_about::nobody,
       "Signatures of the audit log.",
       {},
       {},
       for_ever,
       ""},
      {store_kind::folder,
       "keys",
       data_about::nobody,
       "The keyring: the key of each epoch and the seed of signatures, sealed with the master key, and that key "
       "unless it "
       "is kept elsewhere; the public key of signatures.",
       {},
       {},
       "epochs are destroyed a grace after they were rolled",
       ""},
      {store_kind::sql_table,
       "subject_restore",
       data_about::nobody,
       "Backups that were restored, and whether the ledger of erasures was replayed over them.",
       {},
       {},
       for_ever,
       ""},
      {store_kind::file,
       "keys/erased",
       data_about::data_subjects,
       "The ledger of erasures: the handles of everybody who was erased, which lead nowhere but in a backup that is "
       "restored, where they are erased again before anything is answered.",
       {"handles"},
       {},
       for_ever,
       "the handle is added, and stays; identifiers, key and rows that it named are gone",
       "It names only who was erased, and nothing leads from you to it."},
      {store_kind::memory,
       "found identifiers",
       data_about::data_subjects,
       "Handles that were asked for lately, by a digest with a key of this process.",
       {"identifiers"},
       {},
       "until the process ends, or others take the room",
       "dropped with the request",
       "A copy of how you are found, for speed; your identifiers are in the archive."}};
}

std::optional<std::string_view> text_of(const std::optional<core::purpose>& about) {
  return about ? std::optional<std::string_view>(about->name()) : std::nullopt;
}

template <class Value>
collected_value value_of(const std::optional<Value>& value) {
  return value ? collected_value(*value) : collected_value();
}

const part_column purpose_column = {"purpose", value_type::text, "What it is about; empty: every purpose"};

// What it does for an erasure, erasures does within its own transactions.
class subject_custodian final : public nothing_to_erase {
 public:
  subject_custodian(store::sql::database& in, const durable_directory& people, const vault& keys,
                    const purposes& choices, const audit_log& log)
      : sql_(in), people_(people), keys_(keys), choices_(choices), log_(log) {}

  std::string_view name() const override { return "subject"; }
  std::vector<holding> describe() const override { return places_of_ours(); }

  void collect(core::subject_handle who, const custody_context& with, collector& into) const override {
    collect_identifiers(who, into);
    collect_choices(who, into);
    collect_evidence(who, into);
    collect_audit(who, with.job, into);
  }

 private:
  void collect_identifiers(core::subject_handle who, collector& into) const {
    if (!into.begin({"identifiers",
                     "What you are known by",
                     "The identifiers under which an application told this server about you. Everything else is held "
                     "under a number that stands for you.",
                     data_origin::provided,
                     {{store_kind::sql_table, "subject_identifier"}},
                     {{"space", value_type::text, "Who gave it: \"user\" is the user id of an application"},
                      {"identifier", value_type::text, ""}}})) {
      return;
    }
    for (const named_identifier& one : people_.known_by(who)) {
      into.add({one.space, one.raw});
    }
  }

  void collect_choices(core::subject_handle who, collector& into) const {
    if (!into.begin({"choices",
                     "What you chose, as it stands",
                     "Consents, objections and restrictions, and whether each still stands. Every read of your data "
                     "respects them.",
                     data_origin::provided,
                     {{store_kind::sql_table, "purpose_choice"}, {store_kind::sql_table, "purpose_restriction"}},
                     {purpose_column,
                      {"choice", value_type::text, "consent, objection or restriction"},
                      {"stands", value_type::yes_no, "Whether it stands; if not, it was taken back"},
                      {"chosen_at", value_type::moment, "When you last chose it or took it back"}}})) {
      return;
    }
    for (const standing_choice& one : choices_.choices_of(who)) {
      into.add({value_of(text_of(one.about)), name_of(one.kind), std::int64_t{one.stands}, one.chosen_at});
    }
  }

  void collect_evidence(core::subject_handle who, collector& into) const {
    if (!into.begin({"evidence",
                     "What you told us, each time",
                     "Every choice that you made, kept as evidence of it, with the version of the purpose and its "
                     "notice that was in force.",
                     data_origin::provided,
                     {{store_kind::sql_table, "purpose_choice_evidence"}},
                     {purpose_column,
                      {"choice", value_type::text, "consent, object, restrict, or what takes it back"},
                      {"chosen_at", value_type::moment, ""},
                      {"purpose_version", value_type::integer, "Of the purpose's definition, the notice included"}}})) {
      return;
    }
    for (const choice_evidence& one : choices_.evidence_of(who)) {
      into.add({value_of(text_of(one.about)), name_of(one.made), one.chosen_at, value_of(one.purpose_version)});
    }
  }

  void collect_audit(core::subject_handle who, core::job& job, collector& into) const {
    if (!into.begin(
            {"audit",
             "What was done with your data",
             "The entries of the audit log that are about you: who asked for something to be done with your "
             "data, and when. It knows you by a pseudonym that only your key makes.",
             data_origin::recorded,
             {{store_kind::sql_table, "audit_entry"}},
             {{"sequence", value_type::integer, "Its number in the log"},
              {"at", value_type::moment, ""},
              {"by", value_type::text, "The server itself, or an application or office by the label of its token"},
              {"action", value_type::text, ""},
              {"details", value_type::text, "JSON"}}})) {
      return;
    }
    const data_keys keys = sql_.read([&](store::sql::connection& in) { return keys_.keys_of(in, std::span(&who, 1)); });
    const auto key = keys.find(who);
    if (key == keys.end()) {
      return;  // nothing in the log can be told to be about them, by nobody
    }
    audit_filter wanted{.limit = max_audit_page, .about = pseudonym_of(key->second)};
    while (true) {
      job.check();
      const auto page = log_.entries(wanted);
      for (const recorded_audit_entry& one : page) {
        into.add({one.sequence, one.at_ms, one.actor, one.action, one.details});
      }
      if (page.size() < wanted.limit) {
        return;
      }
      wanted.after = page.back().sequence;
    }
  }

  store::sql::database& sql_;
  const durable_directory& people_;
  const vault& keys_;
  const purposes& choices_;
  const audit_log& log_;
};

}  // namespace

std::unique_ptr<custodian> make_subject_custodian(store::sql::database& in, const durable_directory& people,
                                                  const vault& keys, const purposes& choices, const audit_log& log) {
  return std::make_unique<subject_custodian>(in, people, keys, choices, log);
}

}  // namespace eunomia::subject
