"""What Whisper is known to write where there is no speech: ends of subtitles and of videos that it was trained on.

Two of them, "thank you" and "thanks for watching", are a third of what Whisper wrote for 301,000 sounds without speech
(Barański et al. 2025, arXiv 2501.11378). A filter of phrases is not a cure: a phrase that is not listed passes. A
phrase beside real words is kept with them, and the transcript is flagged if the phrase is a credit.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import filterfalse

from gettok.text.tokens import normalise

#: Whisper base gives 33 stretches of speech, single words included, at most 0.3, and 20 of 21 sounds without words
#: (noise, hums, tones, drums, melodies, a choir on a vowel) at least 0.36. Whisper's own `no_speech_threshold`, 0.6,
#: misses 12 of them.
DOUBTFUL_NO_SPEECH_PROB = 0.3
#: Whisper's own (`logprob_threshold`).
DOUBTFUL_LOGPROB = -1.0

_CHINESE = re.compile("[\u4e00-\u9fff]")

# Credits of subtitlers and broadcasters, with where people saw Whisper write them. They are never spoken, so they are
# hallucinations in every language. Years and other numbers in them vary and do not count. "As cited": others name that
# discussion as their source.
_CREDITS: Mapping[str, tuple[str, ...]] = {
    "openai/whisper discussion 928, as cited": (
        "Legendas pela comunidade Amara.org",
        "Napisy stworzone przez społeczność Amara.org",
        "Ondertiteld door de Amara.org gemeenschap",
        "Sottotitoli e revisione a cura di QTSS",
        "Sous-titrage Société Radio-Canada",
        "Sous-titrage ST' 501",
        "Sous-titres réalisés para la communauté d'Amara.org",
        "par SousTitreur.com",
        "Subtítulos por la comunidad de Amara.org",
        "Subtitulado por la comunidad de Amara.org",
        "Transcrição e Legendas pela comunidade Amara.org",
    ),
    "openai/whisper discussion 1873, as cited": (
        "Субтитры сделал DimaTorzok",
        "Субтитры создавал DimaTorzok",
        "Transcription by CastingWords",
    ),
    "openai/whisper discussion 2412, as cited": ("Altyazı M.K.", "Çeviri ve Altyazı M.K."),
    "openai/whisper discussion 2608, as cited": (
        "ترجمة نانسي قنقر",
        "Tekstet av Nicolai Winther",
        "Untertitelung des ZDF für funk, 2017",
    ),
    "arXiv 2501.11378": ("Subtitles by the Amara.org community",),
    "m-bain/whisperX#230": (
        "Untertitel der Amara.org-Community",
        "Untertitel im Auftrag des ZDF für funk, 2017",
    ),
    "SYSTRAN/faster-whisper#949": ("Untertitel im Auftrag des ZDF, 2020",),
    "ggml-org/whisper.cpp#887": ("Subtítulos realizados por la comunidad de Amara.org",),
    "ggml-org/whisper.cpp#2660": ("Sous-titres réalisés par la communauté d'Amara.org",),
    "Purfview/whisper-standalone-win#144": ("Sottotitoli creati dalla comunità Amara.org",),
    "EdF2021/ithaka#96": ("Ondertitels ingediend door de Amara.org gemeenschap",),
    "YaoFANGUK/video-subtitle-generator#29": ("Субтитры делал DimaTorzok",),
    "sciencehistory/scihist_digicoll#3026": ("© transcript Emily Beynon",),
    "filters of other transcribers, after what they saw": (
        "Sous-titrage FR",
        "Titulky vytvořil JohnyX",
        "Undertexter från Amara.org-gemenskapen",
        "Субтитры добавил DimaTorzok",
        "Субтитры подготовил DimaTorzok",
        "Редактор субтитров А.Синецкая Корректор А.Егорова",
        "Редактор субтитров А.Семкин Корректор А.Егорова",
        "한글자막 by 한효정",
        "字幕by索兰娅",
        "字幕由Amara.org社区提供",
        "由 Amara.org 社群提供的字幕",
    ),
}

# What people do say, above all at the end of a video or of the news. Written for silence: en arXiv 2501.11378,
# whisperIME#57, whisperX#1224; ja amical#71, vexa#617; ko pocketshell#452, meta-lens-ai#26; tr vexa#617;
# ru video-subtitle-generator#29; vi openai/whisper discussion 928, as cited; zh whisper_streaming#179. The rest are in
# filters of other transcribers, or are what people say on TikTok in Spanish and Portuguese.
_GOODBYES: Mapping[str, tuple[str, ...]] = {
    "ar": ("شكرا", "شكرا للمشاهدة", "شكرا على المشاهدة", "اشتركوا في القناة"),
    "de": (
        "Danke.",
        "Vielen Dank.",
        "Danke fürs Zuschauen!",
        "Vielen Dank fürs Zuschauen!",
        "Bis zum nächsten Mal.",
        "Tschüss!",
    ),
    "el": ("Ευχαριστώ που παρακολουθήσατε",),
    "en": (
        "you",
        "Bye.",
        "Bye bye.",
        "Thanks.",
        "Thank you.",
        "Thank you very much.",
        "Thank you so much.",
        "Thank you so much for joining us.",
        "Thanks for watching!",
        "Thank you for watching!",
        "Thank you so much for watching!",
        "Thanks for watching, and I'll see you next time.",
        "I'll see you next time.",
        "See you next time.",
        "See you in the next video.",
        "Please subscribe.",
        "Please subscribe to my channel.",
        "Like and subscribe.",
        "Don't forget to like and subscribe.",
    ),
    "es": (
        "Gracias.",
        "Muchas gracias.",
        "¡Gracias por ver!",
        "¡Gracias por ver el video!",
        "¡Gracias por ver el vídeo!",
        "Gracias por ver este video.",
        "¡Suscríbete!",
        "¡Suscríbete al canal!",
        "¡Suscríbete a mi canal!",
        "Like y suscríbete.",
        "No olvides suscribirte.",
        "No olviden suscribirse.",
        "Hasta la próxima.",
        "Nos vemos en el próximo video.",
        "Adiós.",
    ),
    "fr": (
        "Merci.",
        "Merci beaucoup.",
        "Merci d'avoir regardé !",
        "Merci d'avoir regardé cette vidéo !",
        "Merci d'avoir regardé la vidéo !",
        "Merci de votre attention.",
        "Abonnez-vous !",
        "N'oubliez pas de vous abonner !",
        "À la prochaine !",
        "Au revoir.",
    ),
    "id": ("Terima kasih.", "Terima kasih telah menonton!"),
    "it": ("Grazie.", "Grazie mille.", "Grazie per la visione!", "Grazie per aver guardato il video!"),
    "ja": (
        "ありがとうございました",
        "ありがとうございます",
        "ご視聴ありがとうございました",
        "ご視聴ありがとうございます",
        "次の動画でお会いしましょう",
        "チャンネル登録お願いします",
        "チャンネル登録をお願いします",
        "おやすみなさい",
    ),
    "ko": (
        "감사합니다",
        "시청해주셔서 감사합니다",
        "구독과 좋아요 부탁드립니다",
        "다음 영상에서 만나요",
        "MBC 뉴스 이덕영입니다",
    ),
    "nl": ("Bedankt.", "Bedankt voor het kijken!"),
    "pl": ("Dziękuję.", "Dziękuję za oglądanie!"),
    "pt": (
        "Obrigado.",
        "Obrigada.",
        "Obrigado por assistir!",
        "Obrigada por assistir!",
        "Inscreva-se no canal!",
        "Até a próxima!",
        "Tchau.",
    ),
    "ru": (
        "Спасибо.",
        "Спасибо за просмотр!",
        "Спасибо за внимание!",
        "Подписывайтесь на канал!",
        "Продолжение следует...",
    ),
    "sv": ("Tack.", "Tack för att ni tittade!", "Tack för att du tittade!"),
    "tr": (
        "Teşekkürler.",
        "Teşekkür ederim.",
        "İzlediğiniz için teşekkürler.",
        "İzlediğiniz için teşekkür ederim.",
        "Abone olmayı unutmayın.",
    ),
    "vi": ("Hãy subscribe cho kênh Ghiền Mì Gõ Để không bỏ lỡ những video hấp dẫn",),
    "zh": (
        "谢谢",
        "謝謝",
        "谢谢大家",
        "谢谢观看",
        "謝謝觀看",
        "记得订阅",
        "請不吝點贊 訂閱 轉發 打賞支持明鏡與點點欄目",
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
    ),
}


def is_hallucination(
    text: str, language: str, *, no_speech_prob: float | None = None, avg_logprob: float | None = None
) -> bool:
    """Whether the whole of a segment is one known phrase, once or several times in a row.

    Phrases that people do say count only where the model itself is in doubt, by the two thresholds; without its
    numbers (`None`) they never count. They are looked up in `language` and in English, which Whisper falls back to in
    any language. Some hallucinations are written with full confidence, and are kept: losing real speech is worse.
    """
    plain = _without_spaces(text)
    if _repeats_one_of(_without_numbers(plain), _credits()):
        return True
    return _is_doubtful(no_speech_prob, avg_logprob) and _repeats_one_of(plain, _goodbyes(language))


def holds_credits(text: str) -> bool:
    """Whether a text contains subtitlers' credits anywhere, also among real words."""
    words = normalise(_without_numbers(text))
    joined = {spaced: _joined(words, spaced=spaced) for spaced in (True, False)}
    return any(credit in joined[spaced] for credit, spaced in _credits_in_words())


def _is_doubtful(no_speech_prob: float | None, avg_logprob: float | None) -> bool:
    unspoken = no_speech_prob is not None and no_speech_prob > DOUBTFUL_NO_SPEECH_PROB
    return unspoken or (avg_logprob is not None and avg_logprob < DOUBTFUL_LOGPROB)


def _repeats_one_of(plain: str, phrases: tuple[str, ...]) -> bool:
    # nearly every text begins like none of them, which is found at once
    return plain.startswith(phrases) and any(not plain.replace(phrase, "") for phrase in phrases)


@cache
def _credits() -> tuple[str, ...]:
    return tuple(_without_numbers(_without_spaces(credit)) for group in _CREDITS.values() for credit in group)


@cache
def _credits_in_words() -> frozenset[tuple[str, bool]]:
    """Each credit, and whether its words are spaced: "sous-titrage FR" is not in "sous-titrage français"."""
    listed = [_without_numbers(credit) for group in _CREDITS.values() for credit in group]
    return frozenset(
        (_joined(normalise(credit), spaced=spaced), spaced)
        for credit in listed
        for spaced in [not _CHINESE.search(credit)]
    )


def _joined(words: Iterable[str], *, spaced: bool) -> str:
    return f" {' '.join(words)} " if spaced else "".join(words)


@cache
def _goodbyes(language: str) -> tuple[str, ...]:
    return tuple(map(_without_spaces, (*_GOODBYES.get(language, ()), *_GOODBYES["en"])))


def _without_spaces(text: str) -> str:
    """The normalised words without spaces: Japanese has none, and Korean places them freely."""
    return "".join(normalise(text))


def _without_numbers(text: str) -> str:
    return "".join(filterfalse(str.isdigit, text))
