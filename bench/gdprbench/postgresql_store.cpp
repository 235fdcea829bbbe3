#include "bench/gdprbench/postgresql_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/gdprbench/postgresql_session.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/seal.h"
#include "subject/vault/vault.h"

namespace eunomia::gdprbench {

namespace {

constexpr std::string_view lookup_columns = "lookup, person, collected_at, ttl, pur, obj, dec, acl, shr, src, cat";
constexpr int first_text_column = 4;  // of lookup_columns

// The columns of the text attributes, in their order, and which of them may have several values.
struct text_column {
  std::string_view name;
  bool many;
};
constexpr std::array<text_column, text_attributes.size()> text_columns = {
    {{"pur", true}, {"obj", true}, {"dec", false}, {"acl", true}, {"shr", true}, {"src", false}, {"cat", false}}};

const text_column& column_of(attribute which) {
  const auto at = std::find(text_attributes.begin(), text_attributes.end(), which);
  return text_columns.at(static_cast<std::size_t>(at - text_attributes.begin()));
}

// A list as PostgreSQL writes it: {a,b}. The values of the benchmark need no quotes.
std::string array_of(const std::vector<std::string>& values) {
  return fmt::format("{{{}}}", fmt::join(values, ","));
}

class postgresql_store final : public store_under_test {
 public:
  postgresql_store(const workload_parameters& of, const std::string& url, multi_valued how)
      : parameters_(of),
        source_(of),
        url_(url),
        how_(how),
        master_(core::secret_key::random()),
        lookup_key_(core::secret_key::random()),
        schema_(fmt::format("gdprbench_{}", core::random_number())) {
    postgresql_session(url_).script("CREATE SCHEMA " + schema_);
    const lease session(*this);
    session->script(
        "CREATE TABLE person (id bigint NOT NULL, lookup text COLLATE \"C\" NOT NULL, wrapped text NOT NULL, "
        "pseudonym text NOT NULL)");
    std::string columns;
    for (const text_column& one : text_columns) {
      columns += fmt::format(", {} {} NOT NULL", one.name, is_array(one) ? "text[]" : "text COLLATE \"C\"");
    }
    session->script(
        fmt::format("CREATE TABLE record (lookup text COLLATE \"C\" NOT NULL, person bigint NOT NULL, "
                    "collected_at bigint NOT NULL, expires_at bigint NOT NULL, sealed text NOT NULL, "
                    "ttl bigint NOT NULL{})",
                    columns));
    session->script(
        "CREATE TABLE audit (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL DEFAULT "
        "clock_timestamp(), actor text NOT NULL DEFAULT 'token gdprbench', action text NOT NULL, subject text, "
        "details text NOT NULL)");
  }

  ~postgresql_store() override {
    try {
      idle_.clear();
      postgresql_session(url_).script(fmt::format("DROP SCHEMA {} CASCADE", schema_));
    } catch (const core::error&) {  // NOLINT(bugprone-empty-catch)
      // The server is private to the run and goes with it.
    }
  }

  void load() override;
  answer perform(const workload_operation& asked) override;

  void expect(unsigned clients) override {
    std::vector<std::unique_ptr<lease>> all;
    while (all.size() < clients) {
      all.push_back(std::make_unique<lease>(*this));
    }
  }

  void settle() override {
    const lease session(*this);
    session->script("VACUUM");
    session->script("CHECKPOINT");
  }

  std::uint64_t lookup_of(std::string_view key) const override { return digest_of_text(lookup(key)); }

  std::uint64_t total_bytes() override {
    const lease session(*this);
    session->script("VACUUM");
    return static_cast<std::uint64_t>(
        session
            ->script("SELECT pg_total_relation_size('person') + pg_total_relation_size('record') + "
                     "pg_total_relation_size('audit')")
            .number(0, 0));
  }

  std::uint64_t verified_audit_entries() override {
    const lease session(*this);
    return static_cast<std::uint64_t>(session->script("SELECT count(*) FROM audit").number(0, 0));
  }

 private:
  // A session of the pool, which has one for each client.
  class lease {
   public:
    explicit lease(postgresql_store& from) : from_(from) {
      {
        const std::lock_guard lock(from_.pooling_);
        if (!from_.idle_.empty()) {
          session_ = std::move(from_.idle_.back());
          from_.idle_.pop_back();
        }
      }
      if (!session_) {
        session_ = std::make_unique<postgresql_session>(from_.url_);
        session_->script("SET search_path = " + from_.schema_);
      }
    }
    ~lease() {
      const std::lock_guard lock(from_.pooling_);
      from_.idle_.push_back(std::move(session_));
    }
    lease(const lease&) = delete;
    lease& operator=(const lease&) = delete;
    postgresql_session* operator->() const { return session_.get(); }

   private:
    postgresql_store& from_;
    std::unique_ptr<postgresql_session> session_;
  };

  struct person {
    std::string id;
    core::secret_key key;
  };

  bool is_array(const text_column& one) const { return one.many && how_ == multi_valued::arrays; }
  std::string stored(attribute which, const std::string& value) const {
    return is_array(column_of(which)) ? array_of({value}) : value;
  }
  std::string lookup(std::string_view raw) const {
    const core::digest256 digest = core::hmac_sha256(lookup_key_.reveal(), core::as_bytes(raw));
    return core::to_base64(core::bytes_view(digest.bytes).first(18));
  }
  std::string wrapped(const core::secret_key& key, std::string_view id) const {
    return core::to_base64(core::seal(master_, key.reveal(), core::as_bytes(id)));
  }
  core::secret_key unwrapped(std::string_view wrapped_key, std::string_view id) const {
    return core::secret_key::from_bytes(core::unseal(master_, core::from_base64(wrapped_key), core::as_bytes(id)));
  }
  static std::string sealed(const core::secret_key& key, const personal_record& one, std::string_view lookup) {
    return subject::seal_text(key, fmt::format("{}:{}{}", one.key.size(), one.key, one.data), lookup);
  }

  // Whom a key or a person is, as text of SQL: the pseudonym that the audit row names. $1 is the lookup.
  static std::string_view pseudonym_by(attribute by) {
    switch (by) {
      case attribute::key:
        return "(SELECT pseudonym FROM person WHERE id = (SELECT person FROM record WHERE lookup = $1))";
      case attribute::subject: return "(SELECT pseudonym FROM person WHERE lookup = $1)";
      default: return "NULL";
    }
  }
  static std::string logging(std::string_view action, attribute by, std::string_view details) {
    return fmt::format("logged AS (INSERT INTO audit (action, subject, details) VALUES ('{}', {}, {}))", action,
                       pseudonym_by(by), details);
  }
  static std::string details_of(const selector& where) {
    const bool is_personal = where.by == attribute::key || where.by == attribute::subject;
    return is_personal ? fmt::format(R"({{"by":"{}"}})", name_of(where.by))
                       : fmt::format(R"({{"by":"{}","value":"{}"}})", name_of(where.by), where.value);
  }
  // Which records, as text of SQL: $1 the value, $2 now.
  std::string condition(attribute by) const {
    switch (by) {
      case attribute::key: return "r.lookup = $1 AND r.expires_at > $2";
      case attribute::subject: return "r.person = (SELECT id FROM person WHERE lookup = $1) AND r.expires_at > $2";
      default: {
        const text_column& one = column_of(by);
        return is_array(one) ? fmt::format("r.{} @> ARRAY[$1] AND r.expires_at > $2", one.name)
                             : fmt::format("r.{} = $1 AND r.expires_at > $2", one.name);
      }
    }
  }
  std::vector<std::string> arguments(const workload_operation& asked) const {
    const selector& where = asked.where;
    const bool is_digest = where.by == attribute::key || where.by == attribute::subject;
    return {is_digest ? lookup(where.value) : where.value, fmt::format("{}", asked.at)};
  }

  person person_called(postgresql_session& in, const std::string& raw) const;
  answer insert(postgresql_session& in, const workload_operation& asked);
  answer replace(postgresql_session& in, const workload_operation& asked);
  answer update_data(postgresql_session& in, const workload_operation& asked);
  answer update_metadata(postgresql_session& in, const workload_operation& asked);
  answer move_to_person(postgresql_session& in, const workload_operation& asked);
  answer erase(postgresql_session& in, const workload_operation& asked);
  answer erase_expired(postgresql_session& in, const workload_operation& asked);
  answer read_data(postgresql_session& in, const workload_operation& asked);
  answer read_metadata(postgresql_session& in, const workload_operation& asked);
  answer read_log(postgresql_session& in, const workload_operation& asked);
  answer verify_erased(postgresql_session& in, const workload_operation& asked);

  const workload_parameters parameters_;
  const record_source source_;
  const std::string url_;
  const multi_valued how_;
  const core::secret_key master_;
  const core::secret_key lookup_key_;
  const std::string schema_;
  std::mutex pooling_;
  std::vector<std::unique_ptr<postgresql_session>> idle_;
};

void postgresql_store::load() {
  const lease session(*this);
  std::vector<core::secret_key> keys;
  std::vector<std::string> pseudonyms;
  std::string rows;
  for (std::uint64_t i = 0; i < parameters_.people; ++i) {
    keys.push_back(core::secret_key::random());
    pseudonyms.push_back(subject::pseudonym_of(keys.back()).text());
    const std::string id = fmt::format("{}", i + 1);
    rows += fmt::format("{}\t{}\t{}\t{}\n", id, lookup(source_.value(attribute::subject, i)), wrapped(keys.back(), id),
                        pseudonyms.back());
  }
  session->copy("COPY person FROM STDIN", rows);
  rows.clear();
  std::string entries;
  for (std::uint64_t key = 0; key < parameters_.records; ++key) {
    const personal_record one = source_.record({key, 0});
    const std::uint64_t about = key % parameters_.people;
    const std::string called = lookup(one.key);
    rows +=
        fmt::format("{}\t{}\t{}\t{}\t{}\t{}", called, about + 1, load_time, load_time + one.about.time_to_live_s * 1000,
                    sealed(keys[about], one, called), one.about.time_to_live_s);
    for (const attribute each : text_attributes) {
      rows.append(1, '\t').append(stored(each, source_.value(each, key)));
    }
    rows += "\n";
    entries += fmt::format("record.insert\t{}\t{{\"by\":\"key\"}}\n", pseudonyms[about]);
  }
  session->copy("COPY record FROM STDIN", rows);
  session->copy("COPY audit (action, subject, details) FROM STDIN", entries);
  session->script("ALTER TABLE person ADD PRIMARY KEY (id)");
  session->script("CREATE UNIQUE INDEX ON person (lookup)");
  session->script("ALTER TABLE record ADD PRIMARY KEY (lookup)");
  session->script("ALTER TABLE audit ADD PRIMARY KEY (id)");
  session->script("CREATE INDEX ON audit (subject, id) WHERE subject IS NOT NULL");
  session->script("CREATE INDEX ON record (person)");
  session->script("CREATE INDEX ON record (expires_at)");
  session->script("CREATE INDEX ON record (ttl)");
  for (const text_column& one : text_columns) {
    session->script(fmt::format("CREATE INDEX ON record USING {} ({})", is_array(one) ? "gin" : "btree", one.name));
  }
  session->script("VACUUM ANALYZE");
  session->script("CHECKPOINT");
}

answer postgresql_store::perform(const workload_operation& asked) {
  const lease session(*this);
  postgresql_session& in = *session.operator->();
  switch (asked.what) {
    case action::insert: return insert(in, asked);
    case action::replace: return replace(in, asked);
    case action::update_data: return update_data(in, asked);
    case action::update_metadata:
      return asked.change.what == attribute::subject ? move_to_person(in, asked) : update_metadata(in, asked);
    case action::erase: return erase(in, asked);
    case action::erase_expired: return erase_expired(in, asked);
    case action::read_data: return read_data(in, asked);
    case action::read_metadata: return read_metadata(in, asked);
    case action::read_log: return read_log(in, asked);
    case action::verify_erased: return verify_erased(in, asked);
  }
  return {};
}

// Everybody whom the workload names is there from the load on.
postgresql_store::person postgresql_store::person_called(postgresql_session& in, const std::string& raw) const {
  const postgresql_result found = in.run("SELECT id, wrapped FROM person WHERE lookup = $1", {lookup(raw)});
  if (found.rows() != 1) {
    throw core::error(core::errc::internal, "the workload names a person who was not loaded");
  }
  return {std::string(found.text(0, 0)), unwrapped(found.text(0, 1), found.text(0, 0))};
}

answer postgresql_store::insert(postgresql_session& in, const workload_operation& asked) {
  const personal_record one = source_.record(asked.record);
  const person about = person_called(in, one.subject);
  const std::string called = lookup(one.key);
  std::vector<std::string> values = {called,
                                     about.id,
                                     fmt::format("{}", asked.at),
                                     fmt::format("{}", asked.at + one.about.time_to_live_s * 1000),
                                     sealed(about.key, one, called),
                                     fmt::format("{}", one.about.time_to_live_s)};
  for (const attribute each : text_attributes) {
    values.push_back(stored(each, source_.value(each, asked.record.key)));
  }
  values.push_back(R"({"by":"key"})");
  const postgresql_result done = in.run(
      "WITH logged AS (INSERT INTO audit (action, subject, details) VALUES ('record.insert', (SELECT pseudonym FROM "
      "person WHERE id = $2), $14)) INSERT INTO record (lookup, person, collected_at, expires_at, sealed, ttl, pur, "
      "obj, dec, acl, shr, src, cat) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
      values);
  return {done.changed(), 0};
}

answer postgresql_store::replace(postgresql_session& in, const workload_operation& asked) {
  const personal_record one = source_.record(asked.record);
  const person about = person_called(in, one.subject);
  const std::string called = lookup(one.key);
  std::vector<std::string> values = {called, fmt::format("{}", asked.at), about.id, sealed(about.key, one, called),
                                     fmt::format("{}", one.about.time_to_live_s)};
  for (const attribute each : text_attributes) {
    values.push_back(stored(each, source_.value(each, asked.record.key)));
  }
  values.push_back(R"({"by":"key"})");
  const postgresql_result done = in.run(
      "WITH logged AS (INSERT INTO audit (action, subject, details) VALUES ('record.replace', (SELECT pseudonym FROM "
      "person WHERE id = $3), $13)) UPDATE record SET person = $3, sealed = $4, ttl = $5, expires_at = collected_at + "
      "CAST($5 AS bigint) * 1000, pur = $6, obj = $7, dec = $8, acl = $9, shr = $10, src = $11, cat = $12 "
      "WHERE lookup = $1 AND expires_at > $2",
      values);
  return {done.changed(), 0};
}

answer postgresql_store::update_data(postgresql_session& in, const workload_operation& asked) {
  const std::string called = lookup(asked.where.value);
  const postgresql_result found =
      in.run("SELECT p.id, p.wrapped FROM record r JOIN person p ON p.id = r.person WHERE r.lookup = $1", {called});
  std::string anew;
  if (found.rows() == 1) {
    const personal_record one{asked.where.value, {}, {}, source_.data(asked.record)};
    anew = sealed(unwrapped(found.text(0, 1), found.text(0, 0)), one, called);
  }
  const postgresql_result done =
      in.run(fmt::format("WITH {} UPDATE record SET sealed = $3 WHERE lookup = $1 AND expires_at > $2",
                         logging("record.data_update", attribute::key, "$4")),
             {called, fmt::format("{}", asked.at), anew, details_of(asked.where)});
  return {done.changed(), 0};
}

answer postgresql_store::update_metadata(postgresql_session& in, const workload_operation& asked) {
  const attribute what = asked.change.what;
  const bool is_ttl = what == attribute::time_to_live;
  const std::string_view column = is_ttl ? "ttl" : column_of(what).name;
  std::vector<std::string> values = arguments(asked);
  values.push_back(details_of(asked.where));
  values.push_back(is_ttl ? asked.change.to : stored(what, asked.change.to));
  const std::string which = condition(asked.where.by);
  const postgresql_result done = in.run(
      fmt::format("WITH {}, changed AS (UPDATE record r SET {} = $4{} WHERE {} AND r.{} IS DISTINCT FROM $4) "
                  "SELECT count(*) FROM record r WHERE {}",
                  logging("record.metadata_update", asked.where.by, "$3"), column,
                  is_ttl ? ", expires_at = r.collected_at + CAST($4 AS bigint) * 1000" : "", which, column, which),
      values);
  return {static_cast<std::uint64_t>(done.number(0, 0)), 0};
}

answer postgresql_store::move_to_person(postgresql_session& in, const workload_operation& asked) {
  const person to = person_called(in, asked.change.to);
  const std::vector<std::string> values = arguments(asked);
  in.script("BEGIN");
  const postgresql_result found =
      in.run(fmt::format("SELECT r.lookup, r.sealed, p.id, p.wrapped FROM record r JOIN person p ON p.id = r.person "
                         "WHERE {} FOR UPDATE OF r",
                         condition(asked.where.by)),
             values);
  std::vector<std::string> lookups, anew;
  for (std::size_t i = 0; i < found.rows(); ++i) {
    const std::string_view called = found.text(i, 0);
    const core::secret_key from = unwrapped(found.text(i, 3), found.text(i, 2));
    lookups.emplace_back(called);
    anew.push_back(subject::seal_text(to.key, subject::unseal_text(from, found.text(i, 1), called), called));
  }
  // The audit row first: it names whom the records were about.
  const bool is_about_one = asked.where.by == attribute::key || asked.where.by == attribute::subject;
  std::vector<std::string> entry = {details_of(asked.where)};
  if (is_about_one) {
    entry.insert(entry.begin(), values[0]);
  }
  in.run(fmt::format("INSERT INTO audit (action, subject, details) SELECT 'record.metadata_update', {}, {}",
                     pseudonym_by(asked.where.by), is_about_one ? "$2" : "$1"),
         entry);
  in.run(
      "UPDATE record r SET person = $1, sealed = n.sealed FROM unnest(CAST($2 AS text[]), CAST($3 AS text[])) AS "
      "n (lookup, sealed) WHERE r.lookup = n.lookup",
      {to.id, array_of(lookups), array_of(anew)});
  in.script("COMMIT");
  return {found.rows(), 0};
}

answer postgresql_store::erase(postgresql_session& in, const workload_operation& asked) {
  std::vector<std::string> values = arguments(asked);
  values.push_back(details_of(asked.where));
  const postgresql_result done =
      in.run(fmt::format("WITH {} DELETE FROM record r WHERE {}", logging("record.erase", asked.where.by, "$3"),
                         condition(asked.where.by)),
             values);
  return {done.changed(), 0};
}

answer postgresql_store::erase_expired(postgresql_session& in, const workload_operation& asked) {
  in.run(
      "WITH logged AS (INSERT INTO audit (action, details) VALUES ('record.expire', '{\"by\":\"TTL\"}')) DELETE "
      "FROM record WHERE expires_at <= $1",
      {fmt::format("{}", asked.at)});
  return {static_cast<std::uint64_t>(in.run("SELECT count(*) FROM record").number(0, 0)), 0};
}

answer postgresql_store::read_data(postgresql_session& in, const workload_operation& asked) {
  std::vector<std::string> values = arguments(asked);
  values.push_back(details_of(asked.where));
  const postgresql_result found =
      in.run(fmt::format("WITH {} SELECT r.lookup, r.sealed, p.id, p.wrapped FROM record r "
                         "JOIN person p ON p.id = r.person WHERE {}",
                         logging("record.data_read", asked.where.by, "$3"), condition(asked.where.by)),
             values);
  answer made{found.rows(), 0};
  for (std::size_t i = 0; i < found.rows(); ++i) {
    const core::secret_key key = unwrapped(found.text(i, 3), found.text(i, 2));
    const std::string text = subject::unseal_text(key, found.text(i, 1), found.text(i, 0));
    const std::size_t begin = text.find(':') + 1;
    const std::size_t length = std::stoul(text);
    made.digest +=
        digest_of_data(std::string_view(text).substr(begin, length), std::string_view(text).substr(begin + length));
  }
  return made;
}

answer postgresql_store::read_metadata(postgresql_session& in, const workload_operation& asked) {
  std::vector<std::string> values = arguments(asked);
  values.push_back(details_of(asked.where));
  const postgresql_result found = in.run(
      fmt::format("WITH {} SELECT {} FROM record r WHERE {}", logging("record.metadata_read", asked.where.by, "$3"),
                  lookup_columns, condition(asked.where.by)),
      values);
  answer made{found.rows(), 0};
  std::string means;
  for (std::size_t i = 0; i < found.rows(); ++i) {
    means.assign(found.text(i, 3)).append(1, '\n');
    for (std::size_t column = 0; column < text_columns.size(); ++column) {
      std::string_view value = found.text(i, first_text_column + static_cast<int>(column));
      if (is_array(text_columns[column])) {
        value = value.substr(1, value.size() - 2);
      }
      means.append(value).append(1, '\n');
    }
    made.digest += digest_of_record(digest_of_text(found.text(i, 0)), static_cast<std::uint64_t>(found.number(i, 1)),
                                    found.number(i, 2), digest_of_text(means));
  }
  return made;
}

// Newest first, as the index has them; identities may have gaps, so only their order is checked.
answer postgresql_store::read_log(postgresql_session& in, const workload_operation& asked) {
  const postgresql_result found = in.run(
      "WITH logged AS (INSERT INTO audit (action, details) VALUES ('log.read', $2)) "
      "SELECT id, at, actor, action, subject, details FROM audit ORDER BY id DESC LIMIT $1",
      {fmt::format("{}", asked.log_entries), R"({"by":"log"})"});
  for (std::size_t i = 1; i < found.rows(); ++i) {
    if (found.number(i, 0) >= found.number(i - 1, 0)) {
      return {};
    }
  }
  return {found.rows(), found.rows() == 0 ? 0 : static_cast<std::uint64_t>(found.number(0, 0))};
}

answer postgresql_store::verify_erased(postgresql_session& in, const workload_operation& asked) {
  std::vector<std::string> values = arguments(asked);
  values.push_back(R"({"by":"key"})");
  const postgresql_result found = in.run(
      "WITH logged AS (INSERT INTO audit (action, details) VALUES ('record.verify_erased', $3)) "
      "SELECT count(*) FROM record WHERE lookup = $1 AND expires_at > $2",
      values);
  return {found.number(0, 0) == 0 ? 1U : 0U, 0};
}

}  // namespace

std::unique_ptr<store_under_test> make_postgresql_store(const workload_parameters& of, const std::string& url,
                                                        multi_valued how) {
  return std::make_unique<postgresql_store>(of, url, how);
}

}  // namespace eunomia::gdprbench
