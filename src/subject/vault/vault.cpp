#include "subject/vault/vault.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/hash.h"
#include "store/sql/session.h"

// Which epoch new keys are wrapped with is a row of the database, read by the transaction that wraps: so a transaction
// that ran while an epoch began is either seen by who looks for keys of the old one, or run again.
namespace eunomia::subject {

namespace sql = store::sql;

namespace {

// lookup_key is wrapped as a data key of subject 0, nobody.
constexpr sql::migration migrations[] = {{"vault", 1, R"(
  CREATE TABLE subject_vault (
    single BIGINT PRIMARY KEY CHECK (single = 1),
    keyring {text} NOT NULL,
    epoch BIGINT NOT NULL
  );
  CREATE TABLE subject_key (
    subject BIGINT PRIMARY KEY,
    epoch BIGINT NOT NULL,
    wrapped {text} NOT NULL
  );
)"}};

constexpr core::subject_handle nobody;
constexpr std::size_t keys_at_a_time = 4096;
constexpr std::size_t lookup_bytes = 18;  // no padding in base64, and no two identifiers that share them

std::string place_of_key(core::subject_handle subject) {
  return fmt::format("subject_key.wrapped {}", subject.value());
}

std::string wrapped_key(const core::secret_key& with, const core::secret_key& key, core::subject_handle subject) {
  return core::to_base64(core::seal(with, key.reveal(), core::as_bytes(place_of_key(subject))));
}

core::secret_key unwrapped_key(const core::secret_key& with, std::string_view wrapped, core::subject_handle subject) {
  auto bytes = core::unseal(with, core::from_base64(wrapped), core::as_bytes(place_of_key(subject)));
  auto key = core::secret_key::from_bytes(bytes);
  core::wipe(bytes);
  return key;
}

// The keys of epochs as they are needed.
class epoch_keys {
 public:
  explicit epoch_keys(const keyring& keys) : ring_(keys) {}
  const core::secret_key& of(std::int64_t epoch) {
    const auto known = known_.find(epoch);
    return known != known_.end() ? known->second : known_.emplace(epoch, ring_.key_of(epoch)).first->second;
  }

 private:
  const keyring& ring_;
  std::unordered_map<std::int64_t, core::secret_key> known_;
};

// Of the epoch that a transaction read as the current one. Where another began since, its key may be destroyed already:
// then what the transaction read is not so any more, and it is run again.
core::secret_key key_of_current(const keyring& ring, std::int64_t epoch) {
  try {
    return ring.key_of(epoch);
  } catch (const core::error& problem) {
    if (ring.newest().number == epoch) {
      throw;
    }
    throw sql::conflict(core::errc::unavailable, "keys were rolled meanwhile; try again");
  }
}

std::vector<std::int64_t> numbers_of(std::span<const core::subject_handle> people) {
  std::vector<std::int64_t> numbers;
  numbers.reserve(people.size());
  for (const core::subject_handle who : people) {
    numbers.push_back(static_cast<std::int64_t>(who.value()));
  }
  return numbers;
}

// Calls body for runs of at most keys_at_a_time.
template <class Body>
void in_runs(std::span<const core::subject_handle> people, Body body) {
  for (std::size_t first = 0; first < people.size(); first += keys_at_a_time) {
    body(people.subspan(first, std::min(keys_at_a_time, people.size() - first)));
  }
}

// As in.write(body), whatever conflicts: keys that are made all the time must not keep epochs from rolling. Throws
// errc::cancelled.
template <class Body>
auto write_at_last(sql::database& in, core::job& job, const Body& body) {
  for (;;) {
    try {
      return in.write(body);
    } catch (const sql::conflict&) {  // with one transaction after the other
      job.check();
    }
  }
}

// Whether a database holds what only a keyring opens.
bool is_bound(sql::database& in) {
  in.migrate(migrations);
  return in.read([](sql::connection& from) { return !from.query("SELECT keyring FROM subject_vault").empty(); });
}

}  // namespace

struct vault::wrapped_keys {
  std::vector<core::subject_handle> people;
  std::vector<std::int64_t> epochs;
  std::vector<std::string> wrapped;
};

pseudonym pseudonym_of(const core::secret_key& data_key) {
  const core::digest256 digest = core::hmac_sha256(data_key.reveal(), core::as_bytes("eunomia audit pseudonym"));
  core::digest128 first;
  std::copy_n(digest.bytes.begin(), first.bytes.size(), first.bytes.begin());
  return pseudonym(first);
}

std::string seal_text(const core::secret_key& data_key, std::string_view plain, std::string_view where) {
  return core::to_base64(core::seal(data_key, plain, where));
}

std::string unseal_text(const core::secret_key& data_key, std::string_view sealed, std::string_view where) {
  const auto plain = core::unseal(data_key, core::from_base64(sealed), core::as_bytes(where));
  return {reinterpret_cast<const char*>(plain.data()), plain.size()};
}

std::vector<std::int64_t> epochs_needed(sql::connection& in) {
  std::vector<std::int64_t> epochs;
  in.each("SELECT epoch FROM subject_key UNION SELECT epoch FROM subject_vault ORDER BY epoch", {},
          [&](const sql::row& row) { epochs.push_back(row.int64(0)); });
  return epochs;
}

std::string keyring_of(sql::connection& in) {
  const sql::rows found = in.query_one("SELECT keyring FROM subject_vault");
  return found.empty() ? std::string() : std::string(found[0].text(0));
}

std::vector<core::subject_handle> who_are_there(sql::connection& in, std::span<const core::subject_handle> people) {
  std::vector<core::subject_handle> there;
  in_runs(people, [&](std::span<const core::subject_handle> some) {
    const std::vector<std::int64_t> numbers = numbers_of(some);
    in.each("SELECT subject FROM subject_key WHERE subject IN {int64s:subjects} AND subject > 0",
            {{"subjects", sql::int64_list(numbers)}}, [&](const sql::row& row) { there.emplace_back(row.uint64(0)); });
  });
  return there;
}

vault::vault(sql::database& in, std::unique_ptr<keyring> keys) : database_(in), keys_(std::move(keys)) {
  database_.migrate(migrations);
  const std::int64_t newest = keys_->newest().number;
  const std::string bound = database_.write([&](sql::transaction& to) {
    to.execute(
        "INSERT INTO subject_vault (single, keyring, epoch) VALUES (1, :keyring, :epoch) ON CONFLICT (single) DO "
        "NOTHING",
        {{"keyring", keys_->id()}, {"epoch", newest}});
    return std::string(to.query_one("SELECT keyring FROM subject_vault")[0].text(0));
  });
  if (bound != keys_->id()) {
    throw core::error(core::errc::failed_precondition,
                      fmt::format("{} was sealed with the keyring {}, not with {}; put that keyring back", in.name(),
                                  bound, keys_->id()));
  }
  database_.write([&](sql::transaction& to) {
    lookup_key_ = std::make_unique<core::secret_key>(std::move(make_keys(to, std::span(&nobody, 1)).at(nobody)));
  });
}

vault::~vault() = default;

std::unique_ptr<vault> open_vault(sql::database& in, const std::filesystem::path& folder, master_key_source source) {
  if (source.file.empty()) {
    source.file = folder / "master.key";
  }
  const bool is_new = !is_bound(in);
  const core::secret_key master = read_master_key(source, is_new && !keyring::exists(folder));
  return std::make_unique<vault>(in, std::make_unique<keyring>(folder, master, source.name(), is_new));
}

std::string vault::lookup_of(std::string_view space, std::string_view raw) const {
  std::string text;
  text.reserve(space.size() + 1 + raw.size());
  text.append(space).append(1, '\0').append(raw);  // no space holds U+0000
  const core::digest256 digest = core::hmac_sha256(lookup_key_->reveal(), core::as_bytes(text));
  return core::to_base64(core::bytes_view(digest.bytes).first<lookup_bytes>());
}

core::secret_key vault::key_for(std::string_view use) const {
  // No lookup is made of a text without U+0000.
  core::digest256 derived = core::hmac_sha256(lookup_key_->reveal(), core::as_bytes(use));
  auto key = core::secret_key::from_bytes(derived.bytes);
  core::wipe(derived.bytes);
  return key;
}

std::int64_t vault::current_epoch(sql::connection& in) const {
  return in.query_one("SELECT epoch FROM subject_vault")[0].int64(0);
}

data_keys vault::keys_of(sql::connection& in, std::span<const core::subject_handle> people) const {
  data_keys found;
  found.reserve(people.size());
  epoch_keys with(*keys_);
  const auto unwrap = [&](const sql::row& row) {
    const core::subject_handle who(row.uint64(0));
    found.emplace(who, unwrapped_key(with.of(row.int64(1)), row.text(2), who));
  };
  if (people.size() == 1) {  // as mostly
    in.each("SELECT subject, epoch, wrapped FROM subject_key WHERE subject = :subject", {{"subject", people.front()}},
            unwrap);
    return found;
  }
  in_runs(people, [&](std::span<const core::subject_handle> some) {
    const std::vector<std::int64_t> numbers = numbers_of(some);
    in.each("SELECT subject, epoch, wrapped FROM subject_key WHERE subject IN {int64s:subjects}",
            {{"subjects", sql::int64_list(numbers)}}, unwrap);
  });
  return found;
}

data_keys vault::keys_of(std::span<const core::subject_handle> people) const {
  return people.empty() ? data_keys() : database_.read([&](sql::connection& in) { return keys_of(in, people); });
}

std::vector<std::string> vault::wrapped_keys_of(sql::connection& in,
                                                std::span<const core::subject_handle> people) const {
  std::vector<std::string> found;
  in_runs(people, [&](std::span<const core::subject_handle> some) {
    const std::vector<std::int64_t> numbers = numbers_of(some);
    in.each("SELECT wrapped FROM subject_key WHERE subject IN {int64s:subjects} AND subject > 0",
            {{"subjects", sql::int64_list(numbers)}}, [&](const sql::row& row) { found.emplace_back(row.text(0)); });
  });
  return found;
}

data_keys vault::make_keys(sql::transaction& in, std::span<const core::subject_handle> people,
                           const key_maker& fresh_key) {
  data_keys keys;
  keys.reserve(people.size());
  const std::int64_t epoch = current_epoch(in);
  const core::secret_key with = key_of_current(*keys_, epoch);
  in_runs(people, [&](std::span<const core::subject_handle> some) {
    std::vector<core::secret_key> fresh;
    std::vector<std::string> wrapped;
    for (const core::subject_handle who : some) {
      fresh.push_back(fresh_key(who));
      wrapped.push_back(wrapped_key(with, fresh.back(), who));
    }
    const std::vector<std::int64_t> numbers = numbers_of(some);
    const std::vector<std::int64_t> epochs(some.size(), epoch);
    const std::vector<std::string_view> views(wrapped.begin(), wrapped.end());
    const std::uint64_t made = in.insert_many("subject_key",
                                              {{"subject", std::span<const std::int64_t>(numbers)},
                                               {"epoch", std::span<const std::int64_t>(epochs)},
                                               {"wrapped", std::span(views)}},
                                              sql::on_conflict::keep_existing);
    if (made == some.size()) {
      for (std::size_t i = 0; i < some.size(); ++i) {
        keys.emplace(some[i], std::move(fresh[i]));
      }
    } else {
      keys.merge(keys_of(in, some));
    }
  });
  return keys;
}

std::uint64_t vault::destroy_keys(sql::transaction& in, std::span<const core::subject_handle> people) {
  std::uint64_t destroyed = 0;
  in_runs(people, [&](std::span<const core::subject_handle> some) {
    const std::vector<std::int64_t> numbers = numbers_of(some);
    destroyed += in.execute("DELETE FROM subject_key WHERE subject IN {int64s:subjects} AND subject > 0",
                            {{"subjects", sql::int64_list(numbers)}});
  });
  return destroyed;
}

rolled_keys vault::roll(std::int64_t now, std::int64_t grace_ms, core::job& job, const roll_notes& also) {
  {
    const std::lock_guard lock(rolling_);
    const std::int64_t entered = database_.read([&](sql::connection& in) { return current_epoch(in); });
    // One that was begun in the file and not in the database is this one.
    enter_epoch(keys_->newest().number > entered ? keys_->newest().number : keys_->begin_epoch(now), job, also);
  }
  return finish_rolling(now, grace_ms, job, also);
}

void vault::enter_epoch(std::int64_t epoch, core::job& job, const roll_notes& also) {
  write_at_last(database_, job, [&](sql::transaction& in) {
    in.execute("UPDATE subject_vault SET epoch = :epoch", {{"epoch", epoch}});
    if (also.began) {
      also.began(in, epoch);
    }
  });
}

std::uint64_t vault::enter_newest(core::job& job) {
  const std::lock_guard lock(rolling_);
  const std::int64_t newest = keys_->newest().number;
  if (database_.read([&](sql::connection& in) { return current_epoch(in); }) < newest) {
    enter_epoch(newest, job, {});
  }
  return rewrap_all(newest, job);
}

rolled_keys vault::finish_rolling(std::int64_t now, std::int64_t grace_ms, core::job& job, const roll_notes& also) {
  const std::lock_guard lock(rolling_);
  rolled_keys done;
  done.epoch = database_.read([&](sql::connection& in) { return current_epoch(in); });
  done.rewrapped = rewrap_all(done.epoch, job);
  done.destroyed = destroy_retired(now, grace_ms, job);
  if (also.destroyed && !done.destroyed.empty()) {
    core::job to_the_end;  // they are destroyed: no cancellation keeps that off the record
    write_at_last(database_, to_the_end, [&](sql::transaction& in) { also.destroyed(in, done.destroyed); });
  }
  return done;
}

std::uint64_t vault::rewrap_all(std::int64_t epoch, core::job& job) {
  std::uint64_t rewrapped = 0;
  for (std::int64_t last = -1;;) {
    job.check();
    wrapped_keys old;
    database_.read([&](sql::connection& in) {
      in.each(
          "SELECT subject, epoch, wrapped FROM subject_key WHERE subject > :last AND epoch < :epoch ORDER BY subject "
          "LIMIT CAST(:count AS BIGINT)",
          {{"last", last}, {"epoch", epoch}, {"count", static_cast<std::int64_t>(keys_at_a_time)}},
          [&](const sql::row& row) {
            old.people.emplace_back(row.uint64(0));
            old.epochs.push_back(row.int64(1));
            old.wrapped.emplace_back(row.text(2));
          });
    });
    if (old.people.empty()) {
      return rewrapped;
    }
    rewrapped += rewrap(epoch, old, job);
    last = static_cast<std::int64_t>(old.people.back().value());
  }
}

// Those that are still as they were read: somebody may have been erased since.
std::uint64_t vault::rewrap(std::int64_t epoch, const wrapped_keys& old, core::job& job) {
  epoch_keys with(*keys_);
  std::vector<std::string> anew;
  for (std::size_t i = 0; i < old.people.size(); ++i) {
    const core::subject_handle who = old.people[i];
    anew.push_back(wrapped_key(with.of(epoch), unwrapped_key(with.of(old.epochs[i]), old.wrapped[i], who), who));
  }
  return write_at_last(database_, job, [&](sql::transaction& in) {
    std::uint64_t changed = 0;
    for (std::size_t i = 0; i < old.people.size(); ++i) {
      changed +=
          in.execute("UPDATE subject_key SET epoch = :epoch, wrapped = :anew WHERE subject = :subject AND epoch = :old",
                     {{"epoch", epoch}, {"anew", anew[i]}, {"subject", old.people[i]}, {"old", old.epochs[i]}});
    }
    return changed;
  });
}

std::vector<std::int64_t> vault::destroy_retired(std::int64_t now, std::int64_t grace_ms, core::job& job) {
  std::vector<std::int64_t> destroyed;
  for (const key_epoch& epoch : keys_->epochs()) {
    if (epoch.retired_at == 0 || epoch.destroyed_at != 0 || epoch.retired_at + grace_ms > now) {
      continue;
    }
    const bool needed = write_at_last(database_, job, [&](sql::transaction& in) {
      return !in.query("SELECT subject FROM subject_key WHERE epoch <= :epoch LIMIT 1", {{"epoch", epoch.number}})
                  .empty();
    });
    if (!needed) {
      keys_->destroy(epoch.number, now);
      destroyed.push_back(epoch.number);
    }
  }
  return destroyed;
}

}  // namespace eunomia::subject
