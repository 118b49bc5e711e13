"""The tables of what the sources sent, before any processing."""

import polars as pl

from gettok.tables.table import TIME, VIDEO_ID, Column, Table

PAGES = Table(
    "pages",
    "One page that a source sent: videos, comments or one author's profile.",
    (
        Column(
            "endpoint",
            pl.String,
            "The endpoint that was asked: `video/query`, `video/comment/list` or `user/info`; or `zeeschuimer`.",
        ),
        Column(
            "subject",
            pl.String,
            "What the page is about: a window of days such as `2022-11-20_2022-12-19`, a video, an author or a file.",
        ),
        Column("attempt", pl.Int64, "How often the search was started over before this page."),
        Column("cursor", pl.Int64, "Where in the search the page starts, in candidates, not rows."),
        Column("observed_at", TIME, "When the server sent the page, by the server's clock."),
        Column("answer_key", pl.String, "The key of the stored answer that holds the page."),
        Column("answer", pl.String, "The page with its request and headers, verbatim, as JSON."),
    ),
    ("endpoint", "subject", "attempt", "cursor"),
)

WINDOWS = Table(
    "windows",
    "One event in the history of a date window, in which the study's days were asked for.",
    (
        Column("start", pl.Date, "First day of the window (UTC), included."),
        Column("end", pl.Date, "Last day of the window (UTC), included."),
        Column("step", pl.Int64, "The number of the event in the window's history, from 0."),
        Column(
            "event",
            pl.String,
            "`planned`; `lost`: the search was started over; `split` into halves; `parked`: a day that fails, to be tried "
            "again another day; `again`: asked for again, since it was too fresh; `done`: searched to the end.",
        ),
        Column("why", pl.String, "The reason for the event, in the server's words where it gave any."),
        Column("pages", pl.Int64, "When done: pages of the search that reached the end."),
        Column("rows", pl.Int64, "When done: videos on these pages, before duplicates are dropped."),
        Column(
            "candidates",
            pl.Int64,
            "When done: the last cursor, which counts the candidates that the API considered; it drops some of them.",
        ),
        Column(
            "searched_at",
            TIME,
            "When done: the time of the search's first page; when parked: the time of the failure.",
        ),
        Column("answer_key", pl.String, "The key of the stored answer that records the event."),
        Column("answer", pl.String, "That answer, as JSON."),
    ),
    ("start", "end", "step"),
)

COVERAGE = Table(
    "coverage",
    "One day of the study, and how well it is covered.",
    (
        Column("day", pl.Date, "A day of publication (UTC)."),
        Column(
            "state",
            pl.String,
            "`complete`; `unsettled`: complete, but counts such as views were read within 10 days and may still change; "
            "`incomplete`: read within 48 hours, when videos are still missing; `gap`: not covered.",
        ),
        Column(
            "why",
            pl.String,
            "Why there is a gap, or why a day that was read too early could not be read again.",
        ),
        Column("searched_at", TIME, "When the search that covers the day began, by the server's clock."),
    ),
    ("day",),
)

IDS = Table(
    "ids",
    "One line of the file of ids that the study began from (`source=ids`), and what came of it.",
    (
        Column(
            "line",
            pl.Int64,
            "Its number in the file, from 1; in TikTok's JSON export, the number of the link among those that were read.",
        ),
        Column(
            "text",
            pl.String,
            "The line as given, up to 200 characters; in a CSV, the cell with the id. Empty if the video was erased.",
        ),
        Column(
            "video_id", pl.String, "The id that it names; empty if it names none, or if the video was erased."
        ),
        Column("is_repeated", pl.Boolean, "Whether an earlier line names the same video."),
        Column(
            "state",
            pl.String,
            "`found`; `not_found`: the Research API does not find it; `not_an_id`: it does not name a video;"
            " `outside_study`: it was published outside the study's days; `gone`: a refresh no longer found it; `erased`: a"
            " person asked for it to be removed.",
        ),
        Column("detail", pl.String, "Why it is not an id, or when a video outside the study was published."),
    ),
    ("line",),
)

VIDEOS = Table(
    "videos",
    "One video of the study, that its query found or that was listed or captured.",
    (
        VIDEO_ID,
        Column("created_at", TIME, "When the video was published."),
        Column(
            "username",
            pl.String,
            "Its author's name at the time of observation; names change. Empty if a refresh no longer found the author.",
        ),
        Column("region_code", pl.String, "Country of the author's account, two upper-case letters."),
        Column("region_code_sent", pl.String, "The country as received: TikTok sends `us` beside `US`."),
        Column("description", pl.String, "The caption, with hashtags and mentions, exactly as received."),
        Column(
            "title",
            pl.String,
            "A photo post's own title, which is not part of the caption; captures have it, the Research API does not.",
        ),
        Column("hashtags", pl.List(pl.String), "Hashtags without `#`, as received."),
        Column(
            "hashtags_folded",
            pl.List(pl.String),
            "The same hashtags, in the same order, without capitals and accents: `PerÚ` is `peru`.",
        ),
        Column("voice_to_text", pl.String, "TikTok's own transcript; empty for most videos."),
        Column("view_count", pl.Int64, "Views when observed; counts settle for up to ten days."),
        Column("like_count", pl.Int64, "Likes when observed."),
        Column("comment_count", pl.Int64, "Comments when observed."),
        Column("share_count", pl.Int64, "Shares when observed."),
        Column("favorites_count", pl.Int64, "Bookmarks when observed."),
        Column("duration_s", pl.Int64, "Length in seconds, as the API gives it."),
        Column("music_id", pl.String, "TikTok's id of the sound."),
        Column("playlist_id", pl.String, "TikTok's id of the playlist that the video is part of."),
        Column("effect_ids", pl.List(pl.String), "TikTok's ids of the effects used."),
        Column("mentions", pl.List(pl.String), "Users tagged in the video, without those who were erased."),
        Column(
            "is_stem_verified", pl.Boolean, "Whether TikTok verified it as science or technology content."
        ),
        Column("hashtag_info", pl.String, "`hashtag_info_list` as JSON."),
        Column("sticker_info", pl.String, "`sticker_info_list` as JSON."),
        Column("effect_info", pl.String, "`effect_info_list` as JSON."),
        Column("video_label", pl.String, "`video_label` as JSON; its members are not documented."),
        Column(
            "video_tag", pl.String, "`video_tag` as JSON; TikTok's pages disagree on what its numbers mean."
        ),
        Column(
            "ai_label",
            pl.String,
            "Who labelled the video as AI-generated, by `video_tag`: `creator`, `tiktok` or `both`; empty if no tag says"
            " so, and where the row is not from Query Videos, the one endpoint whose numbers are documented.",
        ),
        Column(
            "paid_label",
            pl.String,
            "How the video is paid for, by `video_tag`: `paid_partnership`, `commission` or `both`; empty as `ai_label`"
            " is.",
        ),
        Column(
            "page_ai_label",
            pl.Boolean,
            "Whether TikTok's web page labels the video as AI-generated (`IsAigc`, or an `aigcLabelType` above 0, also in `aigcInfo`), as"
            " captured; empty where the capture has neither, and for the Research API. `media` has the page's label when"
            " the file was fetched.",
        ),
        Column(
            "page_ai_label_type",
            pl.Int64,
            "The number `aigcLabelType` as captured; TikTok does not document its meaning.",
        ),
        Column(
            "other_fields",
            pl.String,
            "Fields that the API's documentation does not name, or whose value is not of the documented type, as JSON.",
        ),
        Column(
            "retyped",
            pl.List(pl.String),
            "The API's fields whose value is not of the documented type; the values are in `other_fields`.",
        ),
        Column(
            "mended",
            pl.List(pl.String),
            "The API's fields whose text had half a character (a lone surrogate), replaced by U+FFFD here: UTF-8 cannot hold it.",
        ),
        Column(
            "endpoint",
            pl.String,
            "Where the values in this row are from: `video/query` or `zeeschuimer`.",
        ),
        Column("first_observed_at", TIME, "When the video was seen for the first time."),
        Column(
            "observed_at",
            TIME,
            "When the values in this row were observed: the last time the video was seen.",
        ),
        Column("observations", pl.Int64, "On how many pages the video was seen."),
    ),
)

COUNTS = Table(
    "counts",
    "One observation of a video: its counts at that time. Counts grow, and sometimes fall.",
    (
        VIDEO_ID,
        Column("observed_at", TIME, "When the counts were observed."),
        *(column for column in VIDEOS.columns if column.name.endswith("_count")),
    ),
    ("video_id", "observed_at"),
)

_OTHER_FIELDS = next(column for column in VIDEOS.columns if column.name == "other_fields")

COMMENTS = Table(
    "comments",
    "One comment on a video of the study, as last observed.",
    (
        Column("comment_id", pl.String, "TikTok's id of the comment."),
        VIDEO_ID,
        Column(
            "parent_comment_id",
            pl.String,
            "What the comment replies to: another comment, or the video itself. Empty if that comment is gone.",
        ),
        Column("is_reply", pl.Boolean, "Whether it replies to a comment and not to the video."),
        Column("created_at", TIME, "When the comment was written."),
        Column("text", pl.String, "The comment; TikTok masks what looks like personal data with asterisks."),
        Column("like_count", pl.Int64, "Likes when observed."),
        Column("reply_count", pl.Int64, "Replies when observed."),
        _OTHER_FIELDS,
        Column("observed_at", TIME, "When the values in this row were observed."),
    ),
    ("video_id", "comment_id"),
)

COMMENTS_BY_VIDEO = Table(
    "comments_by_video",
    "One video with comments, in numbers: releases alone have this table, which is made of `comments`.",
    (
        VIDEO_ID,
        Column(
            "comments",
            pl.Int64,
            "Its comments that were collected, replies among them; TikTok limits how many.",
        ),
        Column("replies", pl.Int64, "How many of them reply to another comment."),
        Column("days", pl.Int64, "On how many days (UTC) they were written."),
        Column("liked", pl.Int64, "How many of them had a like when they were last observed."),
        Column("liked_10", pl.Int64, "How many of them had 10 likes or more."),
        Column("liked_100", pl.Int64, "How many of them had 100 likes or more."),
    ),
)
COMMENTS_BY_DAY = Table(
    "comments_by_day",
    "One day on which comments on enough videos were written: on at least `release.smallest_group` ones. Releases alone"
    " have this table, which is made of `comments`.",
    (
        Column("day", pl.Date, "The day (UTC) on which the comments were written."),
        Column("videos", pl.Int64, "On how many videos of the study."),
        Column(
            "comments_at_least",
            pl.Int64,
            "How many comments were collected, replies among them, by magnitude: 1, 10, 100 and so on, where 100 means"
            " 100 to 999.",
        ),
        Column("comments", pl.Int64, "How many comments were collected, replies among them."),
        Column("replies", pl.Int64, "How many of them reply to another comment."),
    ),
    ("day",),
)
USERS = Table(
    "users",
    "One author whose profile was asked for, as last observed.",
    (
        Column("username", pl.String, "The name that was asked for; names change."),
        Column("status", pl.String, "`ok`, or `unusable` when the API gives no information about the user."),
        Column("reason", pl.String, "Why the user is unusable: `user_gone` or `user_refused`."),
        Column("detail", pl.String, "Why, in the API's words."),
        Column("display_name", pl.String, "The name that the profile shows."),
        Column("bio_description", pl.String, "What the profile says."),
        Column("avatar_url", pl.String, "Address of the profile's picture; it expires."),
        Column("bio_url", pl.String, "The link in the profile."),
        Column("is_verified", pl.Boolean, "Whether TikTok verified the account."),
        Column("follower_count", pl.Int64, "Followers when observed."),
        Column("following_count", pl.Int64, "Users that it follows, when observed."),
        Column("likes_count", pl.Int64, "Likes of all its videos when observed."),
        Column("video_count", pl.Int64, "Its videos when observed."),
        _OTHER_FIELDS,
        Column("observed_at", TIME, "When the values in this row were observed."),
        Column(
            "accepted_despite_500",
            pl.Boolean,
            "Whether the data came with HTTP status 500, as they sometimes do.",
        ),
    ),
    ("username",),
)

REJECTS = Table(
    "rejects",
    "What is on a page but in no table, or only in part.",
    (
        Column("answer_key", pl.String, "The key of the stored answer that holds the page."),
        Column("position", pl.Int64, "Which row of the page, from 0; empty for the page itself."),
        Column(
            "reason",
            pl.String,
            "`no_page`: nothing can be read from it; `refused`: the API gave an error instead; `not_an_object`: the row"
            " is not a valid JSON object; `no_id`, `no_time`: it lacks what a row must have; `retyped`: the row is in"
            " its table, without the fields named in `detail`; `outside_study`: a comment on a video outside the study.",
        ),
        Column("detail", pl.String, "What is wrong, or which fields are."),
        Column(
            "row", pl.String, "What was rejected, as JSON: the row, or the wrong fields of a retyped row."
        ),
    ),
    ("answer_key", "position", "reason", "detail"),
)

FIELDS = Table(
    "fields",
    "One field of the API: how many of the received objects have it.",
    (
        Column("table", pl.String, "The table that the field belongs to: videos, comments or users."),
        Column("field", pl.String, "Its name in the API."),
        Column("documented", pl.Boolean, "Whether the API's documentation names it."),
        Column("rows", pl.Int64, "Objects received with a value in it, counting repeated observations."),
        Column("share", pl.Float64, "The same as a share of all objects received."),
        Column("retyped", pl.Int64, "Of these, how many have a value that is not of the documented type."),
    ),
    ("table", "field"),
)
