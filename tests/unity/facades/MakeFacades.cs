// Writes one source file per facade: assemblies that hold nothing but forwards to the types that
// Mono keeps in mscorlib, System, System.Core and their like. Debian's Mono ships none of them, and
// Python.Runtime.dll is built against netstandard 2.0. Public keys are written beside, so that the
// compiler takes the facades for the assemblies they stand for; the runtime does not look at them.
//
// usage: mono MakeFacades.exe FOLDER
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;

internal static class MakeFacades
{
    // What Python.Runtime.dll and code like it use of netstandard 2.0. Its other sources (Data, Drawing,
    // Net.Http) would bring in half of Mono.
    private static readonly string[] Sources =
    {
        "mscorlib", "System", "System.Core", "System.Xml", "System.Numerics",
    };

    private static readonly string[] GeneratorTypes =
    {
        "CustomAttributeBuilder", "ILGenerator", "Label", "LocalBuilder", "ParameterBuilder",
        "SignatureHelper",
    };

    // The public key of netstandard.dll (token cc7b13ffcd2ddd51), as .NET's own sources publish it.
    private const string OpenKey =
        "00240000048000009400000006020000002400005253413100040000010001004b86c4cb78549b34" +
        "bab61a3b1800e23bfeb5b3ec390074041536a7e3cbd97f5f04cf0f857155a8928eaa29ebfd11cfbb" +
        "ad3ba70efea7bda3226c6a8d370a4cd303f714486b6ebc225985a638471e6ef571cc92a4613c00b8" +
        "fa65d61ccee0cbe5f36330c9a01f4183559f1bef24cc2917c6d913e3a541333a1d05d9bed22b38cb";

    private static void Main(string[] arguments)
    {
        string folder = arguments[0];
        List<Type> types = Sources.SelectMany(PublicTypes).ToList();
        List<Type> emit = types.Where(type => type.Namespace == "System.Reflection.Emit").ToList();
        Write(folder, "netstandard", "2.0.0.0", types);
        Write(folder, "System.Reflection.Emit", "4.0.0.0", emit.Where(
            type => type.Name.EndsWith("Builder") || type.Name == "AssemblyBuilderAccess"));
        Write(folder, "System.Reflection.Emit.ILGeneration", "4.0.0.0",
            emit.Where(type => GeneratorTypes.Contains(type.Name)));
        File.WriteAllBytes(Path.Combine(folder, "netstandard.key"), Bytes(OpenKey));
        // The key of the other two (token b03f5f7f11d50a3a) is also that of Microsoft.CSharp.
        byte[] key = Load("Microsoft.CSharp").GetName().GetPublicKey();
        File.WriteAllBytes(Path.Combine(folder, "System.Reflection.Emit.key"), key);
        File.WriteAllBytes(Path.Combine(folder, "System.Reflection.Emit.ILGeneration.key"), key);
    }

    private static Assembly Load(string name)
    {
        string folder = Path.GetDirectoryName(typeof(object).Assembly.Location);
        return Assembly.LoadFrom(Path.Combine(folder, name + ".dll"));
    }

    private static IEnumerable<Type> PublicTypes(string assembly)
    {
        return Load(assembly).GetExportedTypes()
            .Where(type => !type.IsNested && type.FullName.StartsWith("System"))
            .Where(type => !IsForbidden(type) && Ancestors(type).All(IsAtHand));
    }

    private static IEnumerable<Type> Ancestors(Type type)
    {
        for (Type one = type.BaseType; one != null; one = one.BaseType) yield return one;
        foreach (Type one in type.GetInterfaces()) yield return one;
    }

    // The compiler wants the assemblies of all ancestors; those with others are nothing netstandard has.
    private static bool IsAtHand(Type type)
    {
        return Sources.Contains(type.Assembly.GetName().Name);
    }

    // Using a type whose [Obsolete] is an error does not compile, not even in typeof.
    private static bool IsForbidden(Type type)
    {
        return type.GetCustomAttributesData().Any(attribute =>
            attribute.Constructor.DeclaringType == typeof(ObsoleteAttribute) &&
            attribute.ConstructorArguments.Count == 2 &&
            (bool)attribute.ConstructorArguments[1].Value);
    }

    private static void Write(string folder, string name, string version, IEnumerable<Type> types)
    {
        var text = new StringBuilder();
        text.AppendLine("[assembly: System.Reflection.AssemblyVersion(\"" + version + "\")]");
        IEnumerable<string> names = types.Select(NameOf).Distinct();
        foreach (string type in names.OrderBy(type => type, StringComparer.Ordinal))
        {
            text.AppendLine("[assembly: System.Runtime.CompilerServices.TypeForwardedTo(typeof("
                + type + "))]");
        }
        File.WriteAllText(Path.Combine(folder, name + ".cs"), text.ToString());
    }

    private static string NameOf(Type type)
    {
        if (type == typeof(void)) return "void";
        string[] parts = type.FullName.Split('`');
        string name = "global::" + string.Join(".", parts[0].Split('.').Select(part => "@" + part));
        return parts.Length == 1 ? name : name + "<" + new string(',', int.Parse(parts[1]) - 1) + ">";
    }

    private static byte[] Bytes(string hex)
    {
        return Enumerable.Range(0, hex.Length / 2)
            .Select(index => Convert.ToByte(hex.Substring(index * 2, 2), 16)).ToArray();
    }
}
