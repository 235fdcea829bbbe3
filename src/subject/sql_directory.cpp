#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <map>
#include <mutex>
#include <unordered_map>

#include "core/error.h"
#include "core/hash.h"
#include "core/subject_handles.h"
#include "core/time.h"
#include "subject/directory.h"
#include "subject/directory_checks.h"
#include "subject/identifier_cache.h"
#include "subject/identifier_map.h"

// Identifiers are found by a keyed digest of fixed length: nobody without the key can try out whether one is there, and
// PostgreSQL indexes no text of 16 KiB.
//
// Who may give a handle to a new identifier is decided in three places, in this order:
//   1. the table, for what is durable;
//   2. the memory of imports under way (pending), for what will be durable if one of them succeeds;
//   3. the counter, which only grows: an identifier that failed to become durable costs a number and nothing else.
// assigning_ makes 1 to 3 one step within the process; between processes the table's key decides, and the later import
// is refused by record().
//
// Whoever makes a promise durable gives the person the key that the promise says: a digest of the handle, keyed with
// random bytes that are in no file and are gone with the imports that share them. So an import seals what it brings
// while the promise is one.
//
// An erasure raises subject_directory.erasures in its own transaction. An import compares it in the transaction that
// publishes, and is refused when a subject that it holds rows of is gone.
namespace eunomia::subject {

namespace sql = store::sql;

namespace {

constexpr sql::migration migrations[] = {{"subject", 1, R"(
  CREATE TABLE subject_directory (
    single BIGINT PRIMARY KEY CHECK (single = 1),
    next_handle BIGINT NOT NULL,
    erasures BIGINT NOT NULL
  );
  INSERT INTO subject_directory (single, next_handle, erasures) VALUES (1, 1, 0);

  CREATE TABLE subject_identifier (
    space {text} NOT NULL,
    lookup {text} NOT NULL,      -- vault::lookup_of
    subject BIGINT NOT NULL,
    identifier {text} NOT NULL,  -- sealed with the subject's key
    PRIMARY KEY (space, lookup)
  );
  CREATE INDEX subject_identifier_of ON subject_identifier (subject, space);
)"},
                                         {"subject", 2, R"(
  ALTER TABLE subject_identifier ADD COLUMN linked_at BIGINT NOT NULL DEFAULT 0;  -- UTC ms; 0: it came first
)"},
                                         {"subject", 3, R"(
  CREATE TABLE subject_withheld (
    digest {text} NOT NULL,     -- of space and identifier, keyed
    request BIGINT NOT NULL,    -- the erasure
    withheld_at BIGINT NOT NULL,  -- UTC ms: what came before it brings nobody back
    PRIMARY KEY (digest, request)
  );
)"}};

constexpr std::size_t rows_at_a_time = 4096;
constexpr std::uint64_t largest_block = 65'536;
// What an enrolment that has met more people looks up is not kept in the cache: it is an import.
constexpr std::size_t largest_cached = 16'384;
constexpr core::subject_handle nobody;
constexpr std::int64_t at_this_moment = std::numeric_limits<std::int64_t>::max();

std::string place_of(std::string_view space, core::subject_handle subject) {
  return fmt::format("subject_identifier.identifier {} {}", space, subject.value());
}

// Calls body(first, count) for runs of at most rows_at_a_time.
template <class Body>
void in_runs(std::size_t size, Body body) {
  for (std::size_t first = 0; first < size; first += rows_at_a_time) {
    body(first, std::min(rows_at_a_time, size - first));
  }
}

// Fills in the handles of the identifiers that are in the table.
void look_up(sql::connection& in, const vault& keys, std::string_view space, std::span<const std::string_view> raw,
             std::span<core::subject_handle> handles) {
  in_runs(raw.size(), [&](std::size_t first, std::size_t count) {
    std::vector<std::string> lookups(count);
    std::unordered_map<std::string_view, std::vector<std::size_t>> positions;
    std::vector<std::string_view> wanted;
    for (std::size_t i = 0; i < count; ++i) {
      lookups[i] = keys.lookup_of(space, raw[first + i]);
      auto& at = positions[lookups[i]];
      if (at.empty()) {
        wanted.push_back(lookups[i]);
      }
      at.push_back(first + i);
    }
    in.each("SELECT lookup, subject FROM subject_identifier WHERE space = :space AND lookup IN {texts:lookups}",
            {{"space", space}, {"lookups", sql::text_list(wanted)}}, [&](const sql::row& row) {
              for (const std::size_t i : positions.at(row.text(0))) {
                handles[i] = core::subject_handle(row.uint64(1));
              }
            });
  });
}

// No space has a '!' in its name: not what finds the person, whose bytes an erasure looks for.
std::string withheld_digest(const vault& keys, std::string_view space, std::string_view raw) {
  return keys.lookup_of(fmt::format("{}!", space), raw);
}

// Which of these are withheld from what came at that time.
std::vector<bool> find_withheld(sql::connection& in, const vault& keys, std::string_view space,
                                std::span<const std::string_view> raw, std::int64_t came_at) {
  std::vector<bool> withheld(raw.size());
  if (came_at == at_this_moment ||
      in.query_one("SELECT count(*) FROM subject_withheld WHERE withheld_at > :came_at", {{"came_at", came_at}})[0]
              .int64(0) == 0) {
    return withheld;
  }
  in_runs(raw.size(), [&](std::size_t first, std::size_t count) {
    std::vector<std::string> digests(count);
    std::unordered_map<std::string_view, std::size_t> positions;
    for (std::size_t i = 0; i < count; ++i) {
      digests[i] = withheld_digest(keys, space, raw[first + i]);
      positions.emplace(digests[i], first + i);
    }
    const std::vector<std::string_view> wanted(digests.begin(), digests.end());
    in.each("SELECT digest FROM subject_withheld WHERE withheld_at > :came_at AND digest IN {texts:digests}",
            {{"came_at", came_at}, {"digests", sql::text_list(wanted)}},
            [&](const sql::row& row) { withheld[positions.at(row.text(0))] = true; });
  });
  return withheld;
}

core::secret_key random_key(core::subject_handle) {
  return core::secret_key::random();
}

// Writes identifiers with their handles, each once; how many were not there before. fresh makes the keys of those who
// have none.
std::uint64_t write_identifiers(sql::transaction& in, vault& keys, std::string_view space,
                                std::span<const std::string_view> raw, std::span<const core::subject_handle> handles,
                                const vault::key_maker& fresh = random_key) {
  std::uint64_t written = 0;
  in_runs(raw.size(), [&](std::size_t first, std::size_t count) {
    const data_keys of = keys.make_keys(in, handles.subspan(first, count), fresh);
    const std::vector<std::string_view> spaces(count, space);
    std::vector<std::string> lookups;
    std::vector<std::string> sealed;
    std::vector<std::int64_t> subjects;
    for (std::size_t i = first; i < first + count; ++i) {
      lookups.push_back(keys.lookup_of(space, raw[i]));
      sealed.push_back(seal_text(of.at(handles[i]), raw[i], place_of(space, handles[i])));
      subjects.push_back(static_cast<std::int64_t>(handles[i].value()));
    }
    const std::vector<std::string_view> lookup_views(lookups.begin(), lookups.end());
    const std::vector<std::string_view> sealed_views(sealed.begin(), sealed.end());
    written += in.insert_many("subject_identifier",
                              {{"space", std::span(spaces)},
                               {"lookup", std::span(lookup_views)},
                               {"subject", std::span<const std::int64_t>(subjects)},
                               {"identifier", std::span(sealed_views)}},
                              sql::on_conflict::keep_existing);
  });
  return written;
}

// Takes count handles that nobody else will get; the first of them.
std::uint64_t reserve(sql::transaction& in, std::uint64_t count) {
  return in.query_one("UPDATE subject_directory SET next_handle = next_handle + :count RETURNING next_handle",
                      {{"count", count}})[0]
             .uint64(0) -
         count;
}

std::int64_t erasures(sql::connection& in) {
  return in.query_one("SELECT erasures FROM subject_directory")[0].int64(0);
}

// What the imports into one space that are under way have promised.
struct promises {
  core::secret_key key_of(core::subject_handle who) const {
    const std::uint64_t number = who.value();
    core::digest256 digest = core::hmac_sha256(seed.reveal(), std::as_bytes(std::span(&number, 1)));
    auto key = core::secret_key::from_bytes(digest.bytes);
    core::wipe(digest.bytes);
    return key;
  }

  identifier_map handles;
  core::secret_key seed = core::secret_key::random();  // of the keys of these people
  std::int64_t erasures = 0;                           // when the first was made
  bool shared = false;                                 // one was used by somebody other than its maker
};

class sql_directory;

class sql_enrolment final : public enrolment {
 public:
  sql_enrolment(sql_directory& of, std::string_view space);

  void came_at(std::int64_t ms) override { came_at_ = ms; }
  void resolve(std::span<const std::string_view> raw, std::span<core::subject_handle> handles) override;
  std::uint64_t added() const override { return added_.size(); }
  void record(sql::transaction& in) override;
  core::data_keys keys_of(std::span<const core::subject_handle> people) const override;

 private:
  void meet(const identifier_map& unmet, bool cached);
  void meet(std::span<const std::string_view> raw, std::span<core::subject_handle> known);
  void turn_to(std::shared_ptr<promises> newer);
  const promises* promised_by(core::subject_handle who) const;
  void check_erasures(sql::transaction& in) const;
  void check_handles(sql::transaction& in, std::span<const std::string_view> raw,
                     std::span<const core::subject_handle> handles) const;

  sql_directory& directory_;
  const std::string space_;
  std::int64_t erasures_;             // when the import began, or before
  std::shared_ptr<promises> shared_;  // the newest of its space; kept so that it lives as long as the import
  std::vector<std::shared_ptr<promises>> outdated_;
  std::unordered_map<core::subject_handle, const promises*> added_before_;  // whom an outdated one promised
  identifier_map met_;
  identifier_map withheld_;  // met as nobody
  std::int64_t came_at_ = at_this_moment;
  std::vector<std::size_t> added_;            // positions in met_ of those that the table does not have
  std::vector<core::subject_handle> cached_;  // of those that the cache had, and are not in met_
};

class sql_directory final : public durable_directory {
 public:
  sql_directory(sql::database& in, std::shared_ptr<vault> keys) : database_(in), keys_(std::move(keys)) {}

  std::optional<core::subject_handle> find(std::string_view space, std::string_view raw) const override {
    const core::subject_handle found = find_all(space, std::span(&raw, 1)).front();
    return found == nobody ? std::nullopt : std::optional(found);
  }

  std::vector<core::subject_handle> find_all(std::string_view space,
                                             std::span<const std::string_view> raw) const override {
    check(space, raw);
    std::vector<core::subject_handle> handles(raw.size());
    find_cached(space, raw, handles, [&](std::span<const std::string_view> rest, std::span<core::subject_handle> of) {
      database_.read([&](sql::connection& in) { look_up(in, *keys_, space, rest, of); });
    });
    return handles;
  }

  std::vector<core::subject_handle> resolve(std::string_view space, std::span<const std::string_view> raw) override {
    std::vector<core::subject_handle> handles = find_all(space, raw);
    if (std::ranges::find(handles, nobody) == handles.end()) {
      return handles;
    }
    const std::lock_guard lock(assigning_);
    database_.write([&](sql::transaction& in) { create_missing(in, space, raw, handles); });
    return handles;
  }
  using directory::resolve;

  std::optional<std::string> identifier_of(std::string_view space, core::subject_handle subject) const override {
    return identifiers_of(space, std::span(&subject, 1)).front();
  }

  std::vector<std::optional<std::string>> identifiers_of(
      std::string_view space, std::span<const core::subject_handle> subjects) const override {
    check_space(space);
    std::unordered_map<std::uint64_t, std::string> found;
    database_.read([&](sql::connection& in) {
      in_runs(subjects.size(), [&](std::size_t first, std::size_t count) {
        std::vector<std::int64_t> wanted;
        for (const core::subject_handle subject : subjects.subspan(first, count)) {
          wanted.push_back(static_cast<std::int64_t>(subject.value()));
        }
        const data_keys keys = keys_->keys_of(in, subjects.subspan(first, count));
        in.each(
            "SELECT subject, identifier FROM subject_identifier WHERE space = :space AND subject IN "
            "{int64s:subjects} ORDER BY subject, linked_at, lookup",
            {{"space", space}, {"subjects", sql::int64_list(wanted)}}, [&](const sql::row& row) {
              const core::subject_handle who(row.uint64(0));
              if (!found.contains(who.value())) {
                found.emplace(who.value(), unseal_text(keys.at(who), row.text(1), place_of(space, who)));
              }
            });
      });
    });
    std::vector<std::optional<std::string>> identifiers(subjects.size());
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      if (const auto known = found.find(subjects[i].value()); known != found.end()) {
        identifiers[i] = known->second;
      }
    }
    return identifiers;
  }

  std::vector<named_identifier> known_by(core::subject_handle subject) const override {
    return database_.read([&](sql::connection& in) {
      std::vector<named_identifier> all;
      const data_keys keys = keys_->keys_of(in, std::span(&subject, 1));
      in.each(
          "SELECT space, identifier FROM subject_identifier WHERE subject = :subject ORDER BY space, linked_at, lookup",
          {{"subject", subject}}, [&](const sql::row& row) {
            all.push_back(
                {std::string(row.text(0)), unseal_text(keys.at(subject), row.text(1), place_of(row.text(0), subject))});
          });
      return all;
    });
  }

  std::vector<core::subject_handle> everybody(sql::connection& in) const override {
    std::vector<core::subject_handle> people;
    in.each("SELECT DISTINCT subject FROM subject_identifier ORDER BY subject", {},
            [&](const sql::row& row) { people.emplace_back(row.uint64(0)); });
    return people;
  }

  std::uint64_t count(std::string_view space) const override {
    check_space(space);
    return database_.read([&](sql::connection& in) {
      return in.query_one("SELECT count(*) FROM subject_identifier WHERE space = :space", {{"space", space}})[0].uint64(
          0);
    });
  }

  std::unique_ptr<enrolment> enrol(std::string_view space) override {
    check_space(space);
    return std::make_unique<sql_enrolment>(*this, space);
  }

  bool link(sql::transaction& in, std::string_view space, std::string_view raw, core::subject_handle subject) override {
    check(space, {&raw, 1});
    core::subject_handle known;
    look_up(in, *keys_, space, {&raw, 1}, {&known, 1});
    if (known == subject) {
      return false;
    }
    if (known != nobody) {
      throw core::error(core::errc::already_exists,
                        fmt::format("somebody else is known by that identifier in space \"{}\" already; two people who "
                                    "are known both cannot be made one: erase one of them first",
                                    space));
    }
    const std::uint64_t had =
        in.query_one("SELECT count(*) FROM subject_identifier WHERE subject = :subject", {{"subject", subject}})[0]
            .uint64(0);
    if (had == 0) {
      throw core::error(core::errc::not_found, "the person was erased meanwhile");
    }
    if (had >= max_identifiers_of_a_subject) {
      throw core::error(
          core::errc::resource_exhausted,
          fmt::format("the person has max_identifiers_of_a_subject = {} identifiers", max_identifiers_of_a_subject));
    }
    write_identifiers(in, *keys_, space, {&raw, 1}, {&subject, 1});
    note_linked(in, space, raw, core::now_ms());
    return true;
  }

  void rename(sql::transaction& in, std::string_view space, core::subject_handle subject, std::string_view from,
              std::string_view to) override {
    const std::array<std::string_view, 2> both = {from, to};
    check(space, both);
    std::array<core::subject_handle, 2> known;
    look_up(in, *keys_, space, both, known);
    if (known[1] != nobody && known[1] != subject) {
      throw core::error(core::errc::already_exists,
                        fmt::format("somebody else is known by the new identifier in space \"{}\" already", space));
    }
    if (known[0] != subject && known[1] != subject) {
      throw core::error(core::errc::not_found, "the person is not known by that identifier any more");
    }
    if (from == to || known[0] != subject) {
      return;
    }
    const std::int64_t linked_at =
        in.query_one("DELETE FROM subject_identifier WHERE space = :space AND lookup = :lookup RETURNING linked_at",
                     {{"space", space}, {"lookup", keys_->lookup_of(space, from)}})[0]
            .int64(0);
    if (write_identifiers(in, *keys_, space, {&to, 1}, {&subject, 1}) == 1) {
      note_linked(in, space, to, linked_at);
    }
    // As after an erasure: what memory says of the old one is not asked any more, here and in other processes.
    count_erasure(in);
    cache_.erase(subject);
  }

  bool erase(sql::transaction& in, core::subject_handle subject) override {
    if (in.execute("DELETE FROM subject_identifier WHERE subject = :subject", {{"subject", subject}}) == 0) {
      return false;
    }
    keys_->destroy_keys(in, std::span(&subject, 1));
    cache_.erase(subject);
    count_erasure(in);
    return true;
  }

  identity_traces traces_of(sql::connection& in, std::span<const core::subject_handle> people) const override {
    identity_traces found;
    in_runs(people.size(), [&](std::size_t first, std::size_t count) {
      const auto some = people.subspan(first, count);
      std::vector<std::int64_t> wanted;
      for (const core::subject_handle subject : some) {
        wanted.push_back(static_cast<std::int64_t>(subject.value()));
      }
      const data_keys keys = keys_->keys_of(in, some);
      in.each(
          "SELECT subject, space, lookup, identifier FROM subject_identifier WHERE subject IN {int64s:subjects} ORDER "
          "BY subject, space, lookup",
          {{"subjects", sql::int64_list(wanted)}}, [&](const sql::row& row) {
            const core::subject_handle who(row.uint64(0));
            found.identifiers.push_back({std::string(row.text(1)),
                                         unseal_text(keys.at(who), row.text(3), place_of(row.text(1), who)),
                                         std::string(row.text(2)), std::string(row.text(3))});
          });
      std::ranges::move(keys_->wrapped_keys_of(in, some), std::back_inserter(found.keys));
    });
    return found;
  }

  std::vector<bool> withheld(std::string_view space, std::span<const std::string_view> raw) const override {
    return database_.read([&](sql::connection& in) { return find_withheld(in, *keys_, space, raw, 0); });
  }
  void withhold(sql::transaction& in, std::int64_t request, std::span<const identifier_trace> erased,
                std::int64_t at) override {
    for (const identifier_trace& one : erased) {
      in.execute("INSERT INTO subject_withheld (digest, request, withheld_at) VALUES (:digest, :request, :at)",
                 {{"digest", withheld_digest(*keys_, one.space, one.identifier)}, {"request", request}, {"at", at}});
    }
  }
  void let_go(sql::transaction& in, std::int64_t request) override {
    in.execute("DELETE FROM subject_withheld WHERE request = :request", {{"request", request}});
  }

  core::subject_handle new_handle(sql::transaction& in) override { return core::subject_handle(reserve(in, 1)); }

  static void check(std::string_view space, std::span<const std::string_view> raw) {
    check_space(space);
    for (const std::string_view one : raw) {
      check_identifier(space, one);
    }
  }

 private:
  friend class sql_enrolment;

  void note_linked(sql::transaction& in, std::string_view space, std::string_view raw, std::int64_t at) const {
    in.execute("UPDATE subject_identifier SET linked_at = :at WHERE space = :space AND lookup = :lookup",
               {{"at", at}, {"space", space}, {"lookup", keys_->lookup_of(space, raw)}});
  }

  // Runs again from the start after a conflict, so it computes everything anew. The caller holds assigning_.
  void create_missing(sql::transaction& in, std::string_view space, std::span<const std::string_view> raw,
                      std::span<core::subject_handle> handles) {
    std::ranges::fill(handles, nobody);
    look_up(in, *keys_, space, raw, handles);
    const std::shared_ptr<promises> promised = promised_in(space, erasures(in), false);
    identifier_map created;
    std::vector<std::size_t> without_promise;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (handles[i] == nobody && created.find(raw[i]) == nobody) {
        core::subject_handle subject = promised ? promised->handles.find(raw[i]) : nobody;
        if (subject != nobody) {
          promised->shared = true;
        } else {
          subject = core::subject_handle(reserved_mark + without_promise.size());
          without_promise.push_back(created.size());
        }
        created.insert(raw[i], subject);
      }
    }
    const std::uint64_t first = without_promise.empty() ? 0 : reserve(in, without_promise.size());
    const auto real = [&](core::subject_handle given) {
      return given.value() < reserved_mark ? given : core::subject_handle(given.value() - reserved_mark + first);
    };
    std::vector<std::string_view> identifiers;
    std::vector<core::subject_handle> subjects;
    for (std::size_t i = 0; i < created.size(); ++i) {
      identifiers.push_back(created.identifier(i));
      subjects.push_back(real(created.subject(i)));
    }
    write_identifiers(in, *keys_, space, identifiers, subjects, [&](core::subject_handle who) {
      const bool is_new = who.value() >= first && who.value() < first + without_promise.size();
      return is_new ? core::secret_key::random() : promised->key_of(who);
    });
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (handles[i] == nobody) {
        handles[i] = real(created.find(raw[i]));
      }
    }
  }

  // The promises of a space, made when asked; after an erasure new ones, because an old one may name the erased. The
  // caller holds assigning_.
  std::shared_ptr<promises> promised_in(std::string_view space, std::int64_t now, bool make) {
    std::shared_ptr<promises> current;
    if (const auto known = promises_.find(space); known != promises_.end()) {
      current = known->second.lock();
    }
    if (current && current->erasures == now) {
      return current;
    }
    if (!make) {
      return nullptr;
    }
    current = std::make_shared<promises>();
    current->erasures = now;
    promises_.insert_or_assign(std::string(space), current);
    return current;
  }

  // Fills in the handles that the cache has, lets look_up fill in the rest, and keeps what it found.
  template <class LookUp>
  void find_cached(std::string_view space, std::span<const std::string_view> raw,
                   std::span<core::subject_handle> handles, LookUp look_up_rest) const {
    std::vector<core::digest128> keys(raw.size());
    cache_.find(space, raw, handles, keys);
    std::vector<std::size_t> missing;
    std::vector<std::string_view> rest;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (handles[i] == nobody) {
        missing.push_back(i);
        rest.push_back(raw[i]);
      }
    }
    if (missing.empty()) {
      return;
    }
    std::vector<core::subject_handle> found(rest.size());
    look_up_rest(rest, found);
    for (std::size_t m = 0; m < missing.size(); ++m) {
      handles[missing[m]] = found[m];
      if (found[m] != nobody) {
        cache_.insert(keys[missing[m]], found[m]);
      }
    }
  }

  // A handle for somebody that an enrolment meets, of a block that all of them share. Blocks grow with what is
  // enrolled, so that a stream of new people costs few commits and a small import wastes few numbers. wanted: how many
  // more the enrolment needs. The caller holds assigning_.
  std::uint64_t next_handle(std::uint64_t wanted) {
    if (next_ == end_) {
      block_ = std::max(wanted, std::min(largest_block, block_ * 2));
      next_ = database_.write([&](sql::transaction& in) { return reserve(in, block_); });
      end_ = next_ + block_;
    }
    return next_++;
  }

  void count_erasure(sql::transaction& in) {
    in.execute("UPDATE subject_directory SET erasures = erasures + 1");
    counted_in_ = 0;
  }

  // The table's count, asked once for all that SQLite commits together: events come by the hundred, one a transaction.
  std::int64_t erasures_in(sql::transaction& in) {
    if (in.speaks() != sql::engine::sqlite) {
      return erasures(in);
    }
    if (counted_in_ != in.number()) {
      counted_ = erasures(in);
      counted_in_ = in.number();
    }
    return counted_;
  }

  // Above every real handle: stands for the n-th that is yet to be reserved.
  static constexpr std::uint64_t reserved_mark = std::uint64_t{1} << 63;

  sql::database& database_;
  const std::shared_ptr<vault> keys_;
  // The count of erasures at which what the cache says was so.
  std::int64_t erasures_of_cache() {
    if (cache_is_old_.exchange(false)) {
      cache_.expect(database_.read([](sql::connection& in) { return erasures(in); }));
    }
    return cache_.erasures();
  }

  mutable identifier_cache cache_;
  std::atomic<bool> cache_is_old_ = true;
  // On SQLite, and of its writing thread alone: the count of erasures, and in which transaction it was read.
  std::int64_t counted_ = 0;
  std::uint64_t counted_in_ = 0;
  std::mutex assigning_;
  std::map<std::string, std::weak_ptr<promises>, std::less<>> promises_;
  std::uint64_t next_ = 0;  // the rest of the reserved block: [next_, end_)
  std::uint64_t end_ = 0;
  std::uint64_t block_ = 0;
};

// What the cache says was so at its count of erasures, which is never ahead of the table's: record() compares.
sql_enrolment::sql_enrolment(sql_directory& of, std::string_view space)
    : directory_(of), space_(space), erasures_(of.erasures_of_cache()) {}

void sql_enrolment::resolve(std::span<const std::string_view> raw, std::span<core::subject_handle> handles) {
  // What the cache says of who came back is not for what came before.
  const bool cached = came_at_ == at_this_moment && met_.size() + cached_.size() <= largest_cached;
  if (!cached) {
    met_.find(raw, handles);
  } else {
    std::vector<core::digest128> keys(raw.size());
    directory_.cache_.find(space_, raw, handles, keys);
    std::ranges::copy_if(handles, std::back_inserter(cached_), [](core::subject_handle who) { return who != nobody; });
  }
  // The rest, each once.
  identifier_map unmet;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (handles[i] == nobody && met_.find(raw[i]) == nobody && unmet.find(raw[i]) == nobody &&
        withheld_.find(raw[i]) == nobody) {
      check_identifier(space_, raw[i]);
      unmet.insert(raw[i], core::subject_handle(1));
    }
  }
  if (unmet.size() > 0) {
    meet(unmet, cached);
  }
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (handles[i] == nobody) {
      handles[i] = met_.find(raw[i]);
    }
  }
}

void sql_enrolment::meet(const identifier_map& unmet, bool cached) {
  std::vector<std::string_view> fresh;
  fresh.reserve(unmet.size());
  for (std::size_t i = 0; i < unmet.size(); ++i) {
    fresh.push_back(unmet.identifier(i));
  }
  std::vector<core::subject_handle> known(fresh.size());
  if (!cached) {
    meet(fresh, known);
    return;
  }
  directory_.find_cached(
      space_, fresh, known,
      [&](std::span<const std::string_view> rest, std::span<core::subject_handle> of) { meet(rest, of); });
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    if (met_.find(fresh[i]) == nobody && withheld_.find(fresh[i]) == nobody) {
      met_.insert(fresh[i], known[i]);  // somebody else put it into the cache meanwhile
    }
  }
}

// Takes up identifiers, each once, that this import has not met before; in known, the handles of those that the table
// has.
void sql_enrolment::meet(std::span<const std::string_view> raw, std::span<core::subject_handle> known) {
  std::vector<core::subject_handle> handles(raw.size());
  std::vector<bool> withheld;
  const std::lock_guard lock(directory_.assigning_);
  const std::int64_t now = directory_.database_.read([&](sql::connection& in) {
    look_up(in, *directory_.keys_, space_, raw, handles);
    withheld = find_withheld(in, *directory_.keys_, space_, raw, came_at_);
    return erasures(in);
  });
  std::ranges::copy(handles, known.begin());
  std::shared_ptr<promises> promised = directory_.promised_in(space_, now, true);
  if (promised != shared_) {
    turn_to(promised);
  }
  std::uint64_t missing = 0;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    missing += handles[i] == nobody && !withheld[i] && promised->handles.find(raw[i]) == nobody ? 1 : 0;
  }
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (withheld[i]) {
      // Also who has come back since: not with what came before.
      withheld_.insert(raw[i], core::subject_handle(1));
      known[i] = nobody;
      continue;
    }
    if (handles[i] != nobody) {
      met_.insert(raw[i], handles[i]);
      continue;
    }
    handles[i] = promised->handles.find(raw[i]);
    if (handles[i] != nobody) {
      promised->shared = true;
    } else {
      handles[i] = core::subject_handle(directory_.next_handle(missing--));
      promised->handles.insert(raw[i], handles[i]);
    }
    added_.push_back(met_.insert(raw[i], handles[i]));
  }
}

// After an erasure.
void sql_enrolment::turn_to(std::shared_ptr<promises> newer) {
  if (shared_ != nullptr) {
    for (std::size_t i = added_before_.size(); i < added_.size(); ++i) {
      added_before_.emplace(met_.subject(added_[i]), shared_.get());
    }
    outdated_.push_back(std::move(shared_));
  }
  shared_ = std::move(newer);
}

// Of somebody whom it added.
const promises* sql_enrolment::promised_by(core::subject_handle who) const {
  const auto before = added_before_.find(who);
  return before == added_before_.end() ? shared_.get() : before->second;
}

core::data_keys sql_enrolment::keys_of(std::span<const core::subject_handle> people) const {
  core::data_keys keys = directory_.keys_->keys_of(people);
  for (const core::subject_handle who : people) {
    // Somebody who was erased since they were met gets a key that opens nothing: record() then refuses the import.
    if (const promises* const by = promised_by(who); by != nullptr && !keys.contains(who)) {
      keys.emplace(who, by->key_of(who));
    }
  }
  return keys;
}

void sql_enrolment::record(sql::transaction& in) {
  check_erasures(in);
  std::vector<std::string_view> raw;
  std::vector<core::subject_handle> handles;
  for (std::size_t first = 0; first < added_.size(); first += rows_at_a_time) {
    raw.clear();
    handles.clear();
    for (std::size_t i = first; i < std::min(first + rows_at_a_time, added_.size()); ++i) {
      raw.push_back(met_.identifier(added_[i]));
      handles.push_back(met_.subject(added_[i]));
    }
    if (write_identifiers(in, *directory_.keys_, space_, raw, handles,
                          [&](core::subject_handle who) { return promised_by(who)->key_of(who); }) != raw.size()) {
      check_handles(in, raw, handles);
    }
  }
}

// Some were there already: right when somebody made our promise durable before us, wrong when another process gave the
// identifier another handle.
void sql_enrolment::check_handles(sql::transaction& in, std::span<const std::string_view> raw,
                                  std::span<const core::subject_handle> handles) const {
  std::vector<core::subject_handle> durable(raw.size());
  look_up(in, *directory_.keys_, space_, raw, durable);
  const data_keys keys = directory_.keys_->keys_of(in, handles);
  const auto has_the_promised = [&](core::subject_handle who) {
    const auto key = keys.find(who);
    return key != keys.end() && key->second == promised_by(who)->key_of(who);
  };
  if (!std::ranges::equal(durable, handles) || !std::ranges::all_of(handles, has_the_promised)) {
    throw core::error(
        core::errc::failed_precondition,
        fmt::format("identifiers of space \"{}\" were enrolled or linked elsewhere meanwhile; nothing was "
                    "imported, run the import again",
                    space_));
  }
}

void sql_enrolment::check_erasures(sql::transaction& in) const {
  const std::int64_t now = directory_.erasures_in(in);
  if (now == erasures_) {
    return;
  }
  // A promise that somebody else made durable may have been erased since, and cannot be told from one that was not yet
  // made durable.
  bool gone = shared_ && shared_->shared;
  for (const auto& old : outdated_) {
    gone = gone || (old && old->shared);
  }
  std::vector<bool> is_added(met_.size());
  for (const std::size_t position : added_) {
    is_added[position] = true;
  }
  // Each once: somebody may have met us under several of their identifiers.
  std::vector<core::subject_handle> met;
  for (std::size_t i = 0; i < met_.size(); ++i) {
    if (!is_added[i]) {
      met.push_back(met_.subject(i));
    }
  }
  met.insert(met.end(), cached_.begin(), cached_.end());
  core::sort_and_unite(met);
  std::vector<std::int64_t> known;
  known.reserve(met.size());
  std::ranges::transform(met, std::back_inserter(known),
                         [](core::subject_handle who) { return static_cast<std::int64_t>(who.value()); });
  in_runs(known.size(), [&](std::size_t first, std::size_t count) {
    const sql::int64_list some = std::span(known).subspan(first, count);
    const std::uint64_t found =
        in.query_one(
              "SELECT count(DISTINCT subject) FROM subject_identifier WHERE space = :space AND subject "
              "IN {int64s:subjects}",
              {{"space", space_}, {"subjects", some}})[0]
            .uint64(0);
    gone = gone || found < count;
  });
  // Read again where nothing is seen that was not committed.
  directory_.cache_is_old_ = true;
  if (gone) {
    directory_.cache_.clear();
    throw core::error(core::errc::failed_precondition,
                      fmt::format("subjects of space \"{}\" were erased while their data was being imported; nothing "
                                  "was imported, run the import again",
                                  space_));
  }
}

}  // namespace

std::span<const sql::migration> directory_migrations() {
  return migrations;
}

std::unique_ptr<durable_directory> open_directory(sql::database& in, std::shared_ptr<vault> keys) {
  return std::make_unique<sql_directory>(in, std::move(keys));
}

}  // namespace eunomia::subject
