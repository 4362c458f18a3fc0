"""A warning's own message in Russian: the sentence beside the path, with its names and numbers.

Messages are written in English where something is lost. Here stands each of them as a template,
with `{}` where a value is, and how it is said in Russian, values in the same order or by number.
A value that is a message itself is translated too. `tests/assets/test_wording.py` holds that no
message of the pipeline is missing.
"""

from functools import cache
from typing import Final

_DEPTH_MAX: Final = 3
"""Messages in messages: a texture that is left out, and why."""


def in_russian(message: str) -> str | None:
    """Return a message in Russian; `None` for one that is in no template."""
    return _translated(message, 0)


def _translated(message: str, depth: int) -> str | None:
    for pieces, russian in _templates():
        values = _values(message, pieces)
        if values is None:
            continue
        if depth < _DEPTH_MAX:
            values = [_translated(value, depth + 1) or value for value in values]
        return russian.format(*values)
    return None


@cache
def _templates() -> tuple[tuple[list[str], str], ...]:
    """Return what stands between the values of each, those with most words of their own first."""
    ordered = sorted(_TABLE, key=lambda pair: -len(pair[0].replace("{}", "")))
    return tuple((english.split("{}"), russian) for english, russian in ordered)


def _values(message: str, pieces: list[str]) -> list[str] | None:
    """Return what stands in a template's places, each as short as can be; `None` if it is not it.

    A regular expression would go back and forth: a minute for a name of 2,000 commas.
    """
    first, *inner = pieces
    if not inner:
        return [] if message == first else None
    *middle, last = inner
    at, end = len(first), len(message) - len(last)
    if at >= end or not (message.startswith(first) and message.endswith(last)):
        return None
    values = []
    for piece in middle:
        found = message.find(piece, at + 1, end)
        if found < 0:
            return None
        values.append(message[at:found])
        at = found + len(piece)
    return [*values, message[at:end]] if at < end else None


# fmt: off
_TABLE: Final = (
    # what a branch needs
    ("branch_anchor is {}, not a word; the node is no anchor", "branch_anchor — это {}, а не слово; узел не якорь"),
    ("{} is not one of {}; it is kept, scripts may use it", "{} нет среди {}; оставлено: может пригодиться скриптам"),
    ("{} came as text (FBX has no lists); they are read as lists", "{}: пришло текстом (в FBX списков нет); прочитано как списки"),
    ("the properties {} have names of ours; see them in nodes[].extras", "свойства {} названы занятыми словами; они в nodes[].extras"),
    ("{} bytes are downloaded, {} is the preset's budget", "загрузка — {} байт, бюджет пресета — {}"),
    ("{} {}, {} is the preset's budget; the most: {}", "{} {}, бюджет пресета — {}; больше всего: {}"),
    ("{} {}, {} is plenty", "{} {}, достаточно {}"),
    ("the texture {} is {} x {}; {} is enough", "текстура {}: {} x {}; достаточно {}"),
    ("this {} is more than 2 m from any floor that a spawn is connected to", "{}: до пола, связанного с точкой входа, больше 2 м"),
    ("nothing is marked `walkable`; the largest level surface is taken for the floor", "ничто не помечено walkable; полом стала самая большая горизонтальная поверхность"),
    ("nothing is marked `walkable` and nothing is level; there is no floor grid", "ничто не помечено walkable, и горизонтальных поверхностей нет; сетки пола нет"),
    ("walkable surfaces beside the one at {} m are not in the grid", "поверхности для ходьбы, кроме той, что на высоте {} м, в сетку не вошли"),
    ("the walkable surface is nowhere level; there is no floor grid", "поверхность для ходьбы нигде не горизонтальна; сетки пола нет"),
    ("the floor has more than {} grid cells; there is no floor grid", "у пола больше {} ячеек сетки; сетки пола нет"),
    ("only {} m2 of floor hang together here; is it inside an obstacle?", "здесь связаны лишь {} м2 пола; не внутри ли преграды?"),
    ("it draws {} triangles: where one can stand in it is not looked at here; `build` and `validate` say", "она рисует {} треугольников: где в ней можно стоять, здесь не проверяется; это скажут `build` и `validate`"),
    ("{} triangles follow those that its header counts ({}); they are kept", "за треугольниками, которые считает заголовок ({1}), следуют ещё {0}; они сохранены"),
    ("the package has no floor grid", "в пакете нет сетки пола"),
    ("what is seen first has {} bytes, more than {}", "первый вид — {} байт, больше {}"),
    ("this person is {} m tall", "рост этого человека — {} м"),
    ("it has no triangles that a plain first view could show; it starts fuller", "нет треугольников, которые мог бы показать простой первый вид; начало будет полнее"),
    ("it is {} long, too {} for a branch (one unit of the file is {} m); nothing was rescaled: export in metres, or say --unit where the format has none", "длина — {}: для отделения это {} (единица файла — {} м); масштаб не менялся: экспортируйте в метрах или укажите --unit, если в формате единицы нет"),
    ("large", "слишком много"),
    ("small", "слишком мало"),
    ("it reaches {} m from the origin, where pictures and poses move in steps of {} mm; move it to the origin and export in metres", "до начала координат — {} м; там картинка и позы движутся шагами по {} мм; перенесите сцену к началу и экспортируйте в метрах"),
    # mending
    ("the animation {} moves nothing; it is left out", "анимация {} ничего не двигает и пропущена"),
    ("{} holds NaN or infinity; zero is put in its place", "в {} есть NaN или бесконечность; вместо них ноль"),
    ("it holds NaN or infinity; zero is put in its place", "есть NaN или бесконечность; вместо них ноль"),
    ("the image {} says that it is to be turned, which only browsers do; it lies as its pixels are stored, as modelling programs show it", "в файле изображения {} сказано, что его надо повернуть, но так делают лишь браузеры; оно лежит так, как хранятся его пиксели и как его показывают программы моделирования"),
    ("there is no {}; its values are kept as {}", "{} нет; значения сохранены под именем {}"),
    ("colours go from 0 to 1 in glTF; what is beyond is cut off", "цвета в glTF — от 0 до 1; лишнее обрезано"),
    ("it has no positions or no corners; it is left out", "нет позиций или углов; пропущено"),
    ("its corners make no triangle; it is left out", "углы не составляют треугольника; пропущено"),
    ("{} of its {} have no length; they point up", "нулевой длины: {} ({}); направлены вверх"),
    ("in {}: {}; the channel is left out", "в {}: {}; канал пропущен"),
    ("the node {} has a skin but no mesh with joints for it", "у узла {} есть скин, но нет меша с костями"),
    ("the node {} is sheared, which glTF does not have", "узел {} перекошен, чего в glTF нет"),
    ("bind matrices hold NaN; the identity stands in for them", "в матрицах привязки NaN; вместо них единичная"),
    ("the node {} has a matrix and a {}; the matrix counts", "у узла {} есть и матрица, и {}; взята матрица"),
    ("{} names joint {} of {}; viewers may differ", "{}: кость {} из {}; программы покажут по-разному"),
    ("the node {} is in no scene that is shown", "узла {} нет в показываемой сцене"),
    ("no scene: all nodes are shown", "сцены нет: показаны все узлы"),
    ("scene {} is not the one that is shown first; it is left out", "сцена {} показывается не первой; пропущена"),
    ("the image {} is {} x {} pixels, more than is ever decoded; it stays as it is, and no device will show it: make it smaller", "картинка {} — {} x {} пикселей, столько никогда не декодируется; оставлена как есть, и ни одно устройство её не покажет: уменьшите её"),
    ("the image {} ({}) could not be decoded; it stays as it is", "картинка {} ({}) не декодируется; оставлена как есть"),
    ("the image {} is in printing colours (CMYK); it is made RGB", "картинка {} в печатных цветах (CMYK); переведена в RGB"),
    ("{} of its normals have no length; they are taken from the faces", "нормалей нулевой длины: {}; взяты от граней"),
    ("{} of its tangents were no use; they are made anew from its UVs", "негодных касательных: {}; построены заново по UV"),
    ("{}; it is kept without Draco", "{}; оставлен без Draco"),
    ("it is points or lines, which the format has no Draco for", "это точки или линии, для которых в формате нет Draco"),
    ("{} holds signed integers, which the encoder does not take", "{} содержит целые числа со знаком, их кодировщик не принимает"),
    ("its positions are in steps of a codec already", "его координаты уже округлены другим кодеком"),
    ("triangles of it have no area, and Draco would drop them", "у части его треугольников нет площади, Draco отбросил бы их"),
    ("it has positions that are no numbers", "среди его координат есть не числа"),
    ("Draco refuses it", "Draco отказывается его упаковать"),
    ("it could not be compressed ({}); it stays as it was", "сжать не удалось ({}); осталось как было"),
    ("it could not be simplified ({}); it stays as it was", "упростить не удалось ({}); осталось как было"),
    ("no KTX2 encoder was found, so that textures are WebP; {}", "кодировщика KTX2 нет, поэтому текстуры — WebP; {}"),
    ("the KTX2 encoder does not work ({}), so that textures are WebP; mend or remove it, or name another one with BRANCHXR_KTX", "кодировщик KTX2 не работает ({}), поэтому текстуры — WebP; исправьте или удалите его либо назовите другой в BRANCHXR_KTX"),
    ("the image {} is not KTX2: it is larger than the encoder takes, or stands for colours in one place and numbers in another", "картинка {} не в KTX2: она больше, чем берёт кодировщик, или в одном месте это цвет, а в другом числа"),
    ("what was made could not be remembered ({} in {}), so the next build takes as long; make room there, set BRANCHXR_CACHE_DIR to another folder, or build with --no-cache", "сделанное не запомнить ({} в {}), и следующая сборка будет такой же долгой; освободите место, укажите другую папку в BRANCHXR_CACHE_DIR или соберите с --no-cache"),
    # readers of every kind
    ("the format has no axes: +Z is taken as up; say --up Y if it lies on its back", "осей в формате нет: вверх взята +Z; если сцена лежит на боку, укажите --up Y"),
    ("the format has no unit: metres are taken; say such as --unit 0.001 if not", "единицы в формате нет: взяты метры; если это не так, укажите, например, --unit 0.001"),
    ("a name or property holds half a character; a question mark stands in for it", "в имени или свойстве половина символа; вместо неё знак вопроса"),
    ("it is hidden in the file and shown all the same; delete it there if it is not wanted", "в файле скрыто, но показано; если не нужно, удалите там"),
    ("its texture is left out: {}", "текстура пропущена: {}"),
    ("{} was not found; put {} beside the scene", "{} не найдено; положите {} рядом со сценой"),
    ("no file is named", "файл не назван"),
    ("{} is an address; only files beside the scene are read", "{} — сетевой адрес; читаются только файлы рядом со сценой"),
    ("{} may be {}; the first is used", "{} может быть {}; взято первое"),
    ("{} is no picture that can be read; save it as PNG or JPEG", "{} не читается как картинка; сохраните в PNG или JPEG"),
    ("{} is empty; export it again", "{} — пустой файл; экспортируйте заново"),
    ("{} was turned into PNG: {}", "{} переведено в PNG: {}"),
    ("{} when its channels were read", "{} при чтении каналов"),
    ("it is no image that glTF knows; a white pixel stands in for it", "такой картинки glTF не знает; вместо неё белый пиксель"),
    ("{} was not read ({}); a white pixel stands in for it", "{} не прочитано ({}); вместо него белый пиксель"),
    ("put the file beside the scene and export again", "положите файл рядом со сценой и экспортируйте снова"),
    ("copy it there, or export as a single .glb", "скопируйте его туда или экспортируйте одним .glb"),
    ("{} is declared without an object and not understood; it is left out", "{}: объявлено без объекта и неизвестно; пропущено"),
    ("{} has no meaning there; it is left out", "{} там ничего не значит; пропущено"),
    ("{} is not understood and points at other parts; it is left out", "{}: неизвестно и ссылается на другие части; пропущено"),
    # Blender
    ("the scene's unit is {} m, which Blender's glTF export ignores; it was read as Blender shows it", "единица сцены — {} м; экспорт glTF её не учитывает, прочитано так, как показывает Blender"),
    ("{} lies outside the scene's folder; what is linked from it is left out: put it beside the scene, or make it local", "{} вне папки сцены; связанное оттуда пропущено: положите рядом или сделайте локальным"),
    ("{} lies outside the scene's folder and was not read; pack it (File > External Data > Pack Resources)", "{} вне папки сцены и не прочитано; упакуйте (File > External Data > Pack Resources)"),
    ("{} was not found; pack it", "{} не найдено; упакуйте"),
    ("it has shape keys, so {} is not applied", "есть формы, поэтому не применено: {}"),
    ("glTF has no area light; it is kept as data in the extras, key 'light'", "площадных источников в glTF нет; данные сохранены в extras, ключ 'light'"),
    # COLLADA
    ("{} is no length; metres are taken", "{} — не длина; взяты метры"),
    ("it shows no scene; the first one is taken", "показываемой сцены нет; взята первая"),
    ("it has no scene: nothing is shown", "сцены нет: показывать нечего"),
    ("it is not shown; left out", "не показывается; пропущено"),
    ("what moves {} is not kept: only nodes and morphs move in glTF", "движение {} не сохранено: в glTF движутся только узлы и формы"),
    ("its {} animation elements, one for a channel or an object, make {} clip", "элементов анимации (на канал или объект): {}; клип один ({})"),
    ("its {} animation elements, one for a channel or an object, make {} clips", "элементов анимации (на канал или объект): {}; клипов: {}"),
    ("its {} animation elements, one for a channel or an object, make {} {}", "элементов анимации (на канал или объект): {}; клипов: {}"),
    ("it does not fade as light does; it is as bright as it was {} m away", "свет не затухает, как настоящий; яркость взята с расстояния {} м"),
    ("it says no way to project", "способ проекции не указан"),
    ("glTF has no such {}; it is left out", "такого в glTF нет ({}); пропущено"),
    ("{} points follow more than {} joints; the strongest {} are kept, at most {} of a weight is lost", "точек, у которых больше {1} костей: {0}; оставлены сильнейшие ({2}), потеряно не больше {3} веса"),
    ("its target {} is missing or has other points; it is left out", "формы {} нет или точки другие; пропущена"),
    ("a {} is not kept: export it as a mesh", "{} не сохраняется: экспортируйте мешем"),
    ("its lines are not kept: only polygons are", "линии не сохраняются: только многоугольники"),
    ("it lies in another file; not followed", "лежит в другом файле; не читается"),
    ("it has no common profile (a shader of its own); it is plain", "общего профиля нет (свой шейдер); материал простой"),
    ("its bump map {} was turned into a normal map; check its depth", "карта высот {} превращена в карту нормалей; проверьте глубину"),
    ("it says it is wholly clear, as some exporters write by mistake; it is opaque", "указана полная прозрачность, как ошибочно пишут экспортёры; взято непрозрачным"),
    ("its texture {} is defined nowhere", "текстура {} нигде не определена"),
    ("its placement ({}) is not kept: bake it into the UVs", "размещение ({}) не сохранено: запеките в UV"),
    ("its texture is turned; check it: programs turn about different corners", "текстура повёрнута; проверьте: программы вращают вокруг разных углов"),
    ("its {} texture has no place in glTF; it is left out", "текстуре {} нет места в glTF; пропущена"),
    ("{} {} points to nothing in the file", "{} {} ни на что в файле не указывает"),
    ("no such node", "такого узла нет"),
    ("the material {} is bound to nothing; it is plain", "материал {} ни с чем не связан; он простой"),
    ("some of its joints are in no node; it is shown without its skeleton", "части костей нет среди узлов; показано без скелета"),
    # FBX
    ("ufbx could not read it ({}); Blender did, and the counts are Blender's", "ufbx не прочитал ({}); прочитал Blender, и числа — его"),
    ("it is {} hours long and left out; cut it into clips", "длится {} ч и пропущена; разрежьте на клипы"),
    ("glTF animates transforms and morphs only; curves of {} are left out", "glTF анимирует только трансформации и формы; пропущены кривые: {}"),
    ("Blender wrote this action more than once, also as {}; it is one clip", "Blender записал действие несколько раз, ещё как {}; это один клип"),
    ("the constraint {} ({}) is left out; bake it into keys before you export", "ограничение {} ({}) пропущено; запеките в ключи до экспорта"),
    ("it has {} skins; the first is kept, glTF has one for a mesh", "скинов: {}; оставлен первый, в glTF у меша один"),
    ("it is skinned with dual quaternions; glTF has linear skinning: twists get thinner", "скиннинг двойными кватернионами; в glTF он линейный: скрутки станут тоньше"),
    ("its skin has no joints; it is shown without", "у скина нет костей; показано без него"),
    ("its skin names no joint that is there; it is shown without", "костей, названных скином, нет; показано без него"),
    ("its bind matrices hold NaN or infinity; it is shown without its skin", "в матрицах привязки NaN или бесконечность; показано без скина"),
    ("the channel {} has no shape; it is left out", "у канала {} нет формы; пропущен"),
    ("{} of their own; they are left out", "{} своего; пропущены"),
    ("{} shapes of the channel {} are at no weight", "формы канала {1} ({0}) не имеют веса"),
    ("the channel {} has {} in-between shapes, which glTF has not; each is a morph target of its own, and animations give the same shapes", "у канала {} промежуточных форм: {}; в glTF их нет, каждая стала своей формой, анимации дают тот же вид"),
    ("{} points follow more than four joints, up to {}; the weakest are left out: at most {} of a point's weight", "точек, у которых больше четырёх костей (до {1}): {0}; слабейшие пропущены: не больше {2} веса точки"),
    ("the picture {} has an alpha channel that the material does not use; it is taken for a cut-out", "у картинки {} есть альфа, которой материал не пользуется; взята как вырез"),
    ("the picture {} has an alpha channel that the material does not use; it is drawn opaque: connect it to opacity", "у картинки {} есть альфа, которой материал не пользуется; рисуется непрозрачно: подключите к непрозрачности"),
    ("{}; it is taken for a cut-out", "{}; взято как вырез"),
    ("{}; it is drawn opaque: connect it to opacity", "{}; рисуется непрозрачно: подключите к непрозрачности"),
    ("the picture {} has an alpha channel that the material does not use", "у картинки {} есть альфа, которой материал не пользуется"),
    ("the bump map {} holds heights and is lost; bake a normal map", "карта {} хранит высоты и потеряна; запеките карту нормалей"),
    ("glTF has no {}; it is left out", "в glTF нет: {}; пропущено"),
    ("subsurface scattering", "подповерхностного рассеяния"),
    ("displacement", "смещения"),
    ("scattering inside", "рассеяния внутри"),
    ("the textures of {} have no place in a glTF material; they are left out", "текстурам {} нет места в материале glTF; пропущены"),
    ("{} faces with one or two corners are left out", "граней с одним или двумя углами: {}; пропущены"),
    ("{} faces are marked as holes; they stay open", "граней, помеченных как дыры: {}; остались открыты"),
    ("glTF has no {} light; it is kept as data in the extra 'fbx_light' and gives no light: use point or spot lights, or bake it", "источника {} в glTF нет; он сохранён данными в extras 'fbx_light' и не светит: возьмите point или spot либо запеките"),
    ("{} curves and lines, of which this is the first, are left out", "кривых и линий: {} (эта первая); пропущены"),
    ("its transform holds NaN or infinity; it stands where its parent is", "в трансформации NaN или бесконечность; стоит там, где родитель"),
    ("its levels of detail below the first are left out ({}); the pipeline makes its own", "уровни детализации ниже первого ({}) пропущены; конвейер делает свои"),
    ("it is {}, which is left out; {}", "это {}; пропущено; {}"),
    ("a NURBS surface", "поверхность NURBS"),
    ("a trimmed NURBS surface", "обрезанная поверхность NURBS"),
    ("geometry made by a rule", "процедурная геометрия"),
    ("a stereo camera", "стереокамера"),
    ("a camera switcher", "переключатель камер"),
    ("convert it to polygons before you export", "до экспорта превратите в многоугольники"),
    ("it is a subdivision surface; its base mesh is kept: apply it before you export", "поверхность подразделения; оставлен базовый меш: примените до экспорта"),
    ("it moves by a point cache beside the file, which glTF has not; its rest is kept", "движется по кэшу точек рядом с файлом, чего в glTF нет; оставлен покой"),
    ("it has no surface (no face of three corners); its node stays without it", "поверхности нет (ни одной грани с тремя углами); узел остался без неё"),
    ("its joints do not stand as they were bound: posed, it is up to {} m away from where its own node is", "кости стоят не так, как при привязке: в позе до {} м от своего узла"),
    ("no node shows this {}; it is left out", "это не показывает ни один узел ({}); пропущено"),
    ("camera", "камера"),
    ("light", "источник света"),
    ("the mesh {} is left out here: of several a node shows one", "меш {} здесь пропущен: из нескольких узел показывает один"),
    ("custom properties without a value are left out: {}", "пользовательские свойства без значения пропущены: {}"),
    ("its custom properties are in the extras of the glTF material", "его пользовательские свойства — в extras материала glTF"),
    ("custom properties of this {} are left out: glTF has no place for it", "пользовательские свойства здесь ({}) пропущены: в glTF для них нет места"),
    ("material that nothing uses", "материал, который ничто не использует"),
    ("kind of prim", "такой вид примов"),
    ("{} prims, of which this is the first, have `customData` or attributes of programs; they are kept in the extras, and `inspect` counts `userProperties:` only", "{} примов, из которых этот первый, несут `customData` или атрибуты программ; они в extras, а `inspect` считает только `userProperties:`"),
    ("custom properties of its data are left out; put them on the object itself", "пользовательские свойства его данных пропущены; задайте их самому объекту"),
    ("no mesh has this skin; it is left out", "этого скина нет ни у одного меша; пропущен"),
    ("no mesh has this channel; it is left out", "этого канала нет ни у одного меша; пропущен"),
    ("{} meshes share this channel; each has a morph target of its own", "мешей с этим каналом: {}; у каждого своя форма"),
    ("its shape {} holds NaN or infinity; zero stands in for it", "в форме {} NaN или бесконечность; вместо них ноль"),
    ("weights of its blend shapes hold NaN or infinity; zero stands in for them", "в весах форм NaN или бесконечность; вместо них ноль"),
    ("{} joints hold NaN or infinity; they stand at their parents", "костей с NaN или бесконечностью: {}; стоят там, где родитель"),
    ("no node shows this mesh; it is left out", "этот меш не показывает ни один узел; пропущен"),
    ("its joints are in {} trees; a node without a name now holds these, since glTF wants one: put them under one in the modelling program", "кости в деревьях: {}; теперь их держит безымянный узел, glTF нужно одно дерево: соберите кости под одним корнем"),
    ("the property {} is no number (NaN or infinite); it is left out", "свойство {} — не число (NaN или бесконечность); пропущено"),
    ("its unit, {} cm, is no length; metres are taken", "единица {} см — не длина; взяты метры"),
    ("ufbx says: {} ({} times)", "ufbx сообщает: {} (раз: {})"),
    ("ufbx says: {}", "ufbx сообщает: {}"),
    ("{} sounds are left out", "звуков: {}; пропущены"),
    ("FBX says how bright a light is only in per cent: 100 % is taken as pi candela or pi lux, which makes white paper white at one metre; check them", "яркость света в FBX — только проценты: 100 % взято как пи кандел или пи люкс, от которых белая бумага бела с метра; проверьте"),
    ("the texture {} is computed, not a picture; bake it into one", "текстура {} вычисляется, это не картинка; запеките"),
    ("the texture {} has {} layers; the first is kept, bake them into one", "слоёв у текстуры {}: {}; оставлен первый, запеките в один"),
    ("where the texture {} lies is NaN or infinity; it lies plain", "положение текстуры {} — NaN или бесконечность; лежит просто"),
    ("the texture {} is sheared on the surface; the shear is lost", "текстура {} перекошена на поверхности; перекос потерян"),
    # OBJ, PLY, STL
    ("{} faces have fewer than three corners; they are left out", "граней, где меньше трёх углов: {}; пропущены"),
    ("it has no faces: nothing is to be seen; export it as a mesh", "граней нет: видеть нечего; экспортируйте мешем"),
    ("{} lines (l) are not kept: only faces are", "линий (l): {}; не сохраняются, только грани"),
    ("{} points (p) are not kept: only faces are", "точек (p): {}; не сохраняются, только грани"),
    ("free-form curves and surfaces are not kept: export them as a mesh", "кривые и поверхности по формулам не сохраняются: экспортируйте мешем"),
    ("vertex colours in #MRGB comments (ZBrush) do not fit its vertices; they are lost", "цвета вершин в комментариях #MRGB (ZBrush) не подходят к вершинам; потеряны"),
    ("no library has the material {}; it is plain", "материала {} нет ни в одной библиотеке; он простой"),
    ("a comment says {}, but the format has no unit: metres are taken; say --unit with the metres in one unit if it is right", "в комментарии {}, но единицы в формате нет: взяты метры; если комментарий прав, укажите --unit"),
    ("{} is not beside the scene; its materials are plain", "{} нет рядом со сценой; материалы простые"),
    ("Tr 1 means wholly clear, but MeshLab writes it for opaque; it is taken as opaque", "Tr 1 — полная прозрачность, но MeshLab пишет так непрозрачное; взято непрозрачным"),
    ("{} is given as a spectrum or XYZ; only RGB is read", "{} задано спектром или XYZ; читается только RGB"),
    ("{}, which is in no standard, ({}) has no place in glTF; it is left out", "{} (нет ни в одном стандарте; {}): нет места в glTF; пропущено"),
    ("{} ({}) has no place in glTF; it is left out", "{} ({}): нет места в glTF; пропущено"),
    ("{} asks for one channel of its picture; its brightness is used", "{} просит один канал картинки; взята яркость"),
    ("{} columns of vertices, such as vertex groups, are lost: {}", "столбцов вершин (например, групп): {}; потеряны: {}"),
    ("{}: nothing is to be seen; make a mesh of it", "{}: видеть нечего; сделайте меш"),
    ("it is a cloud of points", "облако точек"),
    ("it has no vertices", "вершин нет"),
    ("the element {} is not kept: only vertices and faces are", "элемент {} не сохраняется: только вершины и грани"),
    ("it has no triangles", "треугольников нет"),
    # USD
    ("it lies outside the scene's folder and was not read; put it beside the scene", "вне папки сцены и не прочитано; положите рядом"),
    ("there is no such file; what it adds to the scene is missing", "такого файла нет; того, что он добавляет, не будет"),
    ("USD cannot read it; what it adds to the scene is missing", "USD не читает его; того, что он добавляет, не будет"),
    ("its value clips lie outside the scene's folder and were not read", "value clips вне папки сцены и не прочитаны"),
    ("USD says: {}", "USD сообщает: {}"),
    ("it is a {} subdivision surface; its base mesh is kept, not subdivided", "поверхность подразделения {}; оставлен базовый меш"),
    ("{} of its faces are marked as holes and left out", "граней, помеченных как дыры: {}; пропущены"),
    ("its normals do not fit its faces; left out", "нормали не подходят к граням; пропущены"),
    ("its IES profile is left out", "профиль IES пропущен"),
    ("{} reads the primvar {}; white stands in for it", "{} читает primvar {}; вместо него белый"),
    ("its material reads {}, which it lacks; {} is used", "материалу нужно {}, чего нет; взято {}"),
    ("its material reads {}; it has no texture coordinates", "материалу нужно {}; текстурных координат нет"),
    ("its primvar {} does not fit its faces; it is left out", "primvar {} не подходит к граням; пропущен"),
    ("the set {} of its parts is not kept", "набор частей {} не сохранён"),
    ("the set {} names faces that are not there", "набор {} называет грани, которых нет"),
    ("USD has one timeline: all transforms that it moves are in the clip 'Timeline', skeletons and blend shapes in clips of their own", "шкала времени в USD одна: её трансформации — в клипе 'Timeline', скелеты и формы — в своих клипах"),
    ("glTF has no {}; it is kept as data in the extras, key {}", "{} в glTF нет; данные сохранены в extras, ключ {}"),
    ("its transform holds NaN or infinity; it stays where its parent is", "в трансформации NaN или бесконечность; стоит там, где родитель"),
    ("its purpose is {}: its node is kept, what it draws is not", "назначение — {}: узел оставлен, то, что он рисует, — нет"),
    ("its arrays have different lengths; it is left out", "массивы разной длины; пропущено"),
    ("it moves by itself while its parents' transforms are reset; kept at rest", "движется само, а трансформации родителей сброшены; оставлено в покое"),
    ("it is sheared while it moves, which glTF does not have; it is kept at rest", "в движении перекошено, чего в glTF нет; оставлено в покое"),
    ("this {} is a formula in USD; a mesh is made of it", "{} в USD — формула; сделан меш"),
    ("{} is not drawn; convert it to a mesh", "{} не рисуется; превратите в меш"),
    ("instance {} names prototype {}, which is not there", "копия {} называет прототип {}, которого нет"),
    ("USD spells names with letters, digits and `_` only; {} have the names their author gave them again: {} is {}", "в USD имена — только буквы, цифры и `_`; прежние имена возвращены ({}): {} — это {}"),
    ("of its variant set {} {} is kept; left out: {}", "из набора вариантов {} оставлен {}; пропущены: {}"),
    ("of its variant set {} none is selected; left out: {}", "в наборе вариантов {} ничего не выбрано; пропущены: {}"),
    ("of its variant set {} {}; left out: {}", "набор вариантов {}: {}; пропущены: {}"),
    ("{} is kept", "оставлен {}"),
    ("none is selected", "ничего не выбрано"),
    ("{}; kept is what it is at time {}", "{}; оставлено как в момент {}"),
    ("the node {} is not understood; its input's default is used", "узел {} непонятен; взято значение по умолчанию"),
    ("its shader ({}) is no UsdPreviewSurface; grey stands in for it: export with a USD Preview Surface", "шейдер ({}) — не UsdPreviewSurface; вместо него серый: экспортируйте с USD Preview Surface"),
    ("beside its USD Preview Surface it has {}, which is not read", "рядом с USD Preview Surface есть {}; не читается"),
    ("its displacement is left out; bake it to normals", "смещение пропущено; запеките в нормали"),
    ("its input {} holds no number; its default is used", "во входе {} не число; взято значение по умолчанию"),
    ("black beyond the picture's edge is not kept; its edge is drawn out instead", "чёрный за краем картинки не сохраняется; продолжен её край"),
    ("of a picture in tiles (UDIM) only tile 1001 is kept", "из тайлов UDIM оставлен только 1001"),
    ("its texture coordinates come from {}; st is used", "текстурные координаты идут из {}; взято st"),
    ("{}; rest poses stand in", "{}; взяты позы покоя"),
    ("it has {} joints and {} bind transforms", "костей: {}, матриц привязки: {}"),
    ("it bends by dual quaternions; glTF bends linearly, so twists look thinner", "изгиб двойными кватернионами; в glTF он линейный, скрутки станут тоньше"),
    ("{} of its points follow more than {} joints; the strongest {} are kept, up to {} of the weight is lost", "точек, у которых больше {1} костей: {0}; оставлены сильнейшие ({2}), потеряно до {3} веса"),
    ("its translations, rotations and scales are not as many as its joints", "переносов, поворотов и масштабов не столько, сколько костей"),
    ("its blend shape {} does not fit; left out", "форма {} не подходит; пропущена"),
    ("{} has in-between shapes; each is a morph target of its own", "у {} есть промежуточные формы; каждая стала своей"),
    ("no skeleton of this scene plays it or has its joints; left out", "ни один скелет сцены её не играет и не имеет таких костей; пропущена"),
    ("it does not say its unit; USD then means centimetres, and so it was read", "единица не указана; в USD это сантиметры, так и прочитано"),
    ("a motion, skin or morph target holds NaN or infinity; zero stands in for it", "в движении, скине или форме NaN или бесконечность; вместо них ноль"),
)
# fmt: on
