#include "store/blob/blob_store.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "core/error.h"
#include "core/hash.h"

namespace eunomia::store {
namespace {

namespace fs = std::filesystem;

class blobs : public testing::Test {
 protected:
  blobs() {
    std::string name = (fs::temp_directory_path() / "eunomia-blobs-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    store = open_disk_blob_store(folder);
  }
  ~blobs() override { fs::remove_all(folder); }

  blob_ref put(std::string_view key, std::string_view content, overwrite mode = overwrite::no) {
    return store->put(key, core::as_bytes(content), mode);
  }
  std::string content(const blob_ref& blob) {
    const auto bytes = store->read(blob);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      count += entry.is_regular_file() ? 1 : 0;
    }
    return count;
  }
  template <class Action>
  static core::errc code_thrown_by(Action action) {
    try {
      action();
    } catch (const core::error& problem) {
      return problem.code();
    }
    ADD_FAILURE() << "nothing was thrown";
    return core::errc::internal;
  }

  fs::path folder;
  std::unique_ptr<blob_store> store;
};

TEST_F(blobs, give_back_what_was_written_in_pieces) {
  const auto writer = store->create("tables/interactions-1/07/000000000012.parquet");
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    const std::string piece(static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
    writer->write(core::as_bytes(piece));
    expected += piece;
  }
  const blob_ref blob = writer->commit();
  EXPECT_EQ(blob.size, expected.size());
  EXPECT_EQ(blob.digest, core::xxh3(expected));
  EXPECT_EQ(content(blob), expected);
  store->verify(blob);
  EXPECT_EQ(fs::file_size(store->local_path(blob)), expected.size());
}

TEST_F(blobs, an_empty_blob_is_a_blob) {
  const blob_ref blob = put("empty", "");
  EXPECT_EQ(content(blob), "");
  EXPECT_TRUE(store->exists("empty"));
}

TEST_F(blobs, are_not_visible_before_the_commit_and_leave_nothing_without_it) {
  {
    const auto writer = store->create("a/b");
    writer->write(core::as_bytes("half"));
    EXPECT_FALSE(store->exists("a/b"));
    EXPECT_TRUE(store->list("").empty());
  }
  EXPECT_EQ(files(), 0U);
}

TEST_F(blobs, are_overwritten_only_when_asked) {
  const blob_ref old = put("a", "old");
  EXPECT_EQ(code_thrown_by([&] { put("a", "new"); }), core::errc::already_exists);
  EXPECT_EQ(content(old), "old");
  EXPECT_EQ(content(put("a", "new", overwrite::yes)), "new");
}

TEST_F(blobs, have_one_writer_at_a_time) {
  const auto first = store->create("a");
  EXPECT_EQ(code_thrown_by([&] { store->create("a", overwrite::yes); }), core::errc::already_exists);
}

TEST_F(blobs, refuse_to_be_written_after_their_commit) {
  const auto writer = store->create("a");
  writer->commit();
  EXPECT_EQ(code_thrown_by([&] { writer->write(core::as_bytes("more")); }), core::errc::failed_precondition);
  EXPECT_EQ(code_thrown_by([&] { writer->commit(); }), core::errc::failed_precondition);
}

TEST_F(blobs, altered_or_shortened_ones_are_corrupt_and_named) {
  const blob_ref blob = put("tables/x", std::string(5000, 'x'));
  {
    std::fstream file(folder / "tables/x", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(2500);
    file.put('y');
  }
  EXPECT_EQ(code_thrown_by([&] { store->verify(blob); }), core::errc::corrupt);
  try {
    store->read(blob);
    FAIL();
  } catch (const core::error& problem) {
    EXPECT_EQ(problem.code(), core::errc::corrupt);
    EXPECT_NE(std::string(problem.what()).find("tables/x"), std::string::npos);
  }
  fs::resize_file(folder / "tables/x", 4999);
  EXPECT_EQ(code_thrown_by([&] { store->local_path(blob); }), core::errc::corrupt);
}

TEST_F(blobs, missing_ones_are_not_found_and_may_be_removed) {
  const blob_ref blob = put("a/b", "x");
  store->remove("a/b");
  store->remove("a/b");
  store->remove("never/was");
  EXPECT_EQ(code_thrown_by([&] { store->read(blob); }), core::errc::not_found);
  EXPECT_FALSE(store->exists("a/b"));
}

TEST_F(blobs, keys_cannot_leave_the_folder_or_hold_odd_characters) {
  const std::string long_part(201, 'a');
  std::string long_key = "a";
  while (long_key.size() <= max_blob_key_bytes) {
    long_key += "/a";
  }
  for (const std::string& key :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"), std::string(".."),
        std::string("a/../b"), std::string(".scratch/x"), std::string("a\nb"), std::string("a b"),
        std::string("a\0b", 3), std::string("ä"), std::string("a\\b"), long_part, long_key}) {
    EXPECT_EQ(code_thrown_by([&] { put(key, "x"); }), core::errc::invalid_argument) << key;
    EXPECT_EQ(code_thrown_by([&] { store->remove(key); }), core::errc::invalid_argument) << key;
  }
}

TEST_F(blobs, are_listed_by_prefix_in_byte_order) {
  for (const char* key : {"t/b/2", "t/a/1", "t/a.x", "t/a/10", "u/a", "ta"}) {
    put(key, "12345");
  }
  const auto keys = [&](std::string_view prefix) {
    std::string all;
    for (const blob_entry& entry : store->list(prefix)) {
      EXPECT_EQ(entry.size, 5U);
      all += entry.key + " ";
    }
    return all;
  };
  EXPECT_EQ(keys(""), "t/a.x t/a/1 t/a/10 t/b/2 ta u/a ");
  EXPECT_EQ(keys("t/"), "t/a.x t/a/1 t/a/10 t/b/2 ");
  EXPECT_EQ(keys("t/a/1"), "t/a/1 t/a/10 ");
  EXPECT_EQ(keys("t"), "t/a.x t/a/1 t/a/10 t/b/2 ta ");
  EXPECT_EQ(keys("none/here"), "");
}

TEST_F(blobs, that_no_manifest_names_are_swept) {
  for (const char* key : {"t/1", "t/2", "t/3", "u/1"}) {
    put(key, "x");
  }
  EXPECT_EQ(store->sweep("t/", [](std::string_view key) { return key == "t/2"; }), 2U);
  EXPECT_TRUE(store->exists("t/2"));
  EXPECT_TRUE(store->exists("u/1"));
  EXPECT_FALSE(store->exists("t/1"));
  const auto writer = store->create("t/9");
  EXPECT_EQ(code_thrown_by([&] { store->sweep("", [](std::string_view) { return true; }); }),
            core::errc::failed_precondition);
}

TEST_F(blobs, files_of_other_engines_are_adopted) {
  const fs::path file = store->scratch_path(".parquet");
  EXPECT_EQ(file.extension(), ".parquet");
  EXPECT_NE(file, store->scratch_path(".parquet"));
  std::ofstream(file) << "PAR1";
  const blob_ref blob = store->adopt(file, "t/1.parquet");
  EXPECT_EQ(content(blob), "PAR1");
  EXPECT_FALSE(fs::exists(file));
  std::ofstream(file) << "PAR2";
  EXPECT_EQ(code_thrown_by([&] { store->adopt(file, "t/1.parquet"); }), core::errc::already_exists);
  EXPECT_EQ(content(store->adopt(file, "t/1.parquet", overwrite::yes)), "PAR2");
}

TEST_F(blobs, opening_again_keeps_blobs_and_removes_leftovers) {
  const blob_ref blob = put("t/1", "kept");
  put("gone/deep/1", "x");
  store->remove("gone/deep/1");
  std::ofstream(store->scratch_path(".tmp")) << "left";
  store.reset();
  store = open_disk_blob_store(folder);
  EXPECT_EQ(content(blob), "kept");
  EXPECT_EQ(files(), 1U);
  EXPECT_FALSE(fs::exists(folder / "gone"));
}

TEST_F(blobs, are_written_by_many_threads_at_once) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        put("shared/" + std::to_string(i) + "/" + std::to_string(t), std::to_string(t * 100 + i));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(store->list("shared/").size(), 80U);
}

TEST_F(blobs, a_folder_that_cannot_be_made_is_told) {
  std::ofstream(folder / "file") << "x";
  EXPECT_ANY_THROW(open_disk_blob_store(folder / "file" / "store"));
}

// What a hold reads of a blob.
std::string read_through(blob_hold& hold, const blob_ref& blob) {
  const auto file = hold.open(blob);
  std::string text(blob.size + 1, '\0');
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), 0);
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

TEST_F(blobs, that_are_removed_can_be_read_by_who_held_them) {
  const blob_ref blob = put("models/a", "content");
  auto hold = store->hold();
  store->remove("models/a");
  EXPECT_FALSE(store->exists("models/a"));
  EXPECT_TRUE(store->list("").empty());
  EXPECT_EQ(read_through(*hold, blob), "content");
  hold.reset();
  EXPECT_EQ(files(), 0U);
}

TEST_F(blobs, that_are_removed_stay_until_the_last_hold_is_gone) {
  const blob_ref blob = put("models/a", "content");
  auto one = store->hold();
  auto other = store->hold();
  store->remove("models/a");
  one.reset();
  EXPECT_EQ(read_through(*other, blob), "content");
  other.reset();
  EXPECT_EQ(files(), 0U);
}

TEST_F(blobs, are_waited_for_until_they_rest_nowhere) {
  put("models/a", "content");
  auto hold = store->hold();
  store->remove("models/a");
  core::job cancelled;
  cancelled.cancel();
  EXPECT_EQ(code_thrown_by([&] { store->wait_for_removed(cancelled); }), core::errc::cancelled);
  std::thread releases([&] { hold.reset(); });
  const core::job quiet;
  store->wait_for_removed(quiet);
  EXPECT_EQ(files(), 0U);
  releases.join();
}

TEST_F(blobs, that_a_killed_process_held_are_gone_after_the_next_opening) {
  put("models/a", "content");
  const auto hold = store->hold();
  store->remove("models/a");
  EXPECT_EQ(files(), 1U);
  const auto next = open_disk_blob_store(folder);
  EXPECT_EQ(files(), 0U);
}

TEST_F(blobs, that_never_were_are_not_found_through_a_hold) {
  const auto hold = store->hold();
  EXPECT_EQ(code_thrown_by([&] { hold->open({"models/none", 1, {}}); }), core::errc::not_found);
}

}  // namespace
}  // namespace eunomia::store
