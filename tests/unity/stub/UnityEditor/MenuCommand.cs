namespace UnityEditor
{
    public sealed class MenuCommand
    {
        public UnityEngine.Object context;

        public MenuCommand(UnityEngine.Object inContext) { context = inContext; }
    }
}
